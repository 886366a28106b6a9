import type { z } from "zod";
import { AuditEntry, AuditList, AuditQuery, AuditVerification } from "./audit.ts";
import { Injection } from "./envelope.ts";
import {
  ApiKey,
  ApiKeyCreate,
  ApiKeyCreated,
  ApiKeyList,
  App,
  AppCreate,
  AppList,
  Grant,
  GrantCreate,
  GrantList,
  GrantQuery,
  GrantRevoke,
  GrantRevoked,
  GrantUpdate,
  KeyringState,
  PageQuery,
  Secret,
  SecretCreate,
  SecretCreated,
  SecretList,
  SecretRotate,
  SecretUpdate,
  WhoAmI,
} from "./resources.ts";
import type { Scope } from "./scopes.ts";

/**
 * Every endpoint of `/v1`: what it takes, what it answers, which scope it needs. The server binds a handler to each by
 * its id, the OpenAPI document is printed from it, the SDK and the command line call by it.
 */
export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly summary: string;
  readonly scope: Scope | null;
  readonly status: 200 | 201;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  readonly response?: z.ZodType;
}

export const ROUTES = {
  request: {
    method: "POST",
    path: "/v1/request",
    scope: "proxy:execute",
    status: 200,
    summary: "Send one call to a provider; the body is the body, the alter-* headers say the rest",
  },
  retrieve: {
    method: "POST",
    path: "/v1/retrieve",
    scope: "tokens:retrieve",
    status: 200,
    response: Injection,
    summary: "Get the injection of one named request, where the operator allows it for the grant",
  },

  whoami: {
    method: "GET",
    path: "/v1/whoami",
    scope: null,
    status: 200,
    response: WhoAmI,
    summary: "The app and scopes of the key that signs",
  },

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
    summary: "Revoke an API key",
  },

  listSecrets: {
    method: "GET",
    path: "/v1/secrets",
    scope: "secrets:read",
    status: 200,
    query: PageQuery,
    response: SecretList,
    summary: "List managed secrets, without their values",
  },
  createSecret: {
    method: "POST",
    path: "/v1/secrets",
    scope: "secrets:write",
    status: 201,
    body: SecretCreate,
    response: SecretCreated,
    summary: "Store a managed secret, with a system grant for it",
  },
  getSecret: {
    method: "GET",
    path: "/v1/secrets/{id}",
    scope: "secrets:read",
    status: 200,
    response: Secret,
    summary: "One managed secret, without its value",
  },
  updateSecret: {
    method: "PATCH",
    path: "/v1/secrets/{id}",
    scope: "secrets:write",
    status: 200,
    body: SecretUpdate,
    response: Secret,
    summary: "Rename a secret or change its allowed hosts",
  },
  rotateSecret: {
    method: "PUT",
    path: "/v1/secrets/{id}/value",
    scope: "secrets:write",
    status: 200,
    body: SecretRotate,
    response: Secret,
    summary: "Replace the value; every grant keeps its id",
  },
  deleteSecret: {
    method: "DELETE",
    path: "/v1/secrets/{id}",
    scope: "secrets:write",
    status: 200,
    response: Secret,
    summary: "Delete a secret, its value, and its grants",
  },

  listGrants: {
    method: "GET",
    path: "/v1/grants",
    scope: "grants:read",
    status: 200,
    query: GrantQuery,
    response: GrantList,
    summary: "List grants",
  },
  createGrant: {
    method: "POST",
    path: "/v1/secrets/{id}/grants",
    scope: "grants:write",
    status: 201,
    body: GrantCreate,
    response: Grant,
    summary: "Issue a grant for a managed secret",
  },
  getGrant: {
    method: "GET",
    path: "/v1/grants/{id}",
    scope: "grants:read",
    status: 200,
    response: Grant,
    summary: "One grant",
  },
  updateGrant: {
    method: "PATCH",
    path: "/v1/grants/{id}",
    scope: "secrets:write",
    status: 200,
    body: GrantUpdate,
    response: Grant,
    summary: "Change the label, or allow retrieve mode",
  },
  revokeGrant: {
    method: "POST",
    path: "/v1/grants/{id}/revoke",
    scope: "grants:write",
    status: 200,
    body: GrantRevoke,
    response: GrantRevoked,
    summary: "Revoke a grant",
  },

  listAudit: {
    method: "GET",
    path: "/v1/audit",
    scope: "audit:read",
    status: 200,
    query: AuditQuery,
    response: AuditList,
    summary: "List audit entries, newest first",
  },
  exportAudit: {
    method: "GET",
    path: "/v1/audit/export",
    scope: "audit:read",
    status: 200,
    query: AuditQuery,
    summary: "Stream audit entries as JSON lines, oldest first",
  },
  verifyAudit: {
    method: "POST",
    path: "/v1/audit/verify",
    scope: "audit:read",
    status: 200,
    response: AuditVerification,
    summary: "Recompute the hash chain and check it against the checkpoints",
  },
  getAudit: {
    method: "GET",
    path: "/v1/audit/{id}",
    scope: "audit:read",
    status: 200,
    response: AuditEntry,
    summary: "One audit entry",
  },

  getKeyring: {
    method: "GET",
    path: "/v1/keyring",
    scope: "keyring:write",
    status: 200,
    response: KeyringState,
    summary: "State of the encryption keys",
  },
  rotateKeyring: {
    method: "POST",
    path: "/v1/keyring/rotate",
    scope: "keyring:write",
    status: 200,
    response: KeyringState,
    summary: "New master and data keys; every record is sealed again",
  },
} as const satisfies Record<string, Route>;

export type RouteId = keyof typeof ROUTES;
