import { KeyRevoke } from "../agents.ts";
import { ApiKey, ApiKeyCreate, ApiKeyCreated, ApiKeyList, App, AppCreate, AppList } from "../resources.ts";
import type { Route } from "./route.ts";

export const APP_ROUTES = {
  listApps: {
    method: "GET",
    path: "/v1/apps",
    scope: "apps:read",
    status: 200,
    response: AppList,
    summary: "List apps",
  },
  createApp: {
    method: "POST",
    path: "/v1/apps",
    scope: "apps:write",
    status: 201,
    body: AppCreate,
    response: App,
    summary: "Create an app",
  },

  listKeys: {
    method: "GET",
    path: "/v1/keys",
    scope: "keys:read",
    status: 200,
    response: ApiKeyList,
    summary: "List API keys",
  },
  createKey: {
    method: "POST",
    path: "/v1/keys",
    scope: "keys:write",
    status: 201,
    body: ApiKeyCreate,
    response: ApiKeyCreated,
    summary: "Create an API key; it is shown once",
  },
  revokeKey: {
    method: "POST",
    path: "/v1/keys/{id}/revoke",
    scope: "keys:write",
    status: 200,
    response: ApiKey,
    body: KeyRevoke,
    summary: "Revoke an API key",
  },
} as const satisfies Record<string, Route>;
