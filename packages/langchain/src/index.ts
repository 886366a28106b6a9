export { vaultTool, VaultTool, type VaultToolFields } from "./vault-tool.ts";
