export { vaultIdsFetch, vaultIdsHeaders } from "./outbound-ids.ts";
export { IDS_IN_META } from "./request-scope.ts";
export { registerVaultTool, vaultTool, type VaultMcpTool, type VaultMcpToolOptions } from "./vault-tool.ts";
