export { vaultErrorHandler } from "./vault-error-handler.ts";
export { vaultMiddleware, type VaultMiddlewareOptions } from "./vault-middleware.ts";
