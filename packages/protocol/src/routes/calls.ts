import { Injection } from "../envelope.ts";
import { Preview, PreviewQuery } from "../preview.ts";
import { WhoAmI } from "../resources.ts";
import type { Route } from "./route.ts";

export const CALL_ROUTES = {
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
  preview: {
    method: "POST",
    path: "/v1/preview",
    scope: "proxy:execute",
    status: 200,
    query: PreviewQuery,
    response: Preview,
    summary: "Whether this very call would be allowed; it is not made, and nobody is asked to approve it",
  },
  whoami: {
    method: "GET",
    path: "/v1/whoami",
    scope: null,
    status: 200,
    response: WhoAmI,
    summary: "The app and scopes of the key that signs",
  },
} as const satisfies Record<string, Route>;
