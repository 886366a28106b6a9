export { vaultTool, type VaultOutput, type VaultToolOptions } from "./vault-tool.ts";
