export { requireConnections, type RequireConnectionsOptions } from "./require-connections.ts";
export { vaultApproval, vaultNeedsApproval } from "./vault-approval.ts";
export type { VaultError, VaultOutput } from "./vault-output.ts";
export { vaultTool, type VaultToolOptions } from "./vault-tool.ts";
