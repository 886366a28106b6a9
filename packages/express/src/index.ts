export { RequestUserError } from "./bearer-token.ts";
export { requestUser } from "./request-user.ts";
export { requireConnection, type RequireConnectionOptions } from "./require-connection.ts";
export { vaultErrorHandler } from "./vault-error-handler.ts";
export { vaultMiddleware, type VaultMiddlewareOptions } from "./vault-middleware.ts";
