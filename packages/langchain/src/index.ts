export { bindVault, type BindVaultOptions, type BoundConfig } from "./bind-vault.ts";
export type { Interrupt, VaultInterrupt } from "./pause.ts";
export {
  requireConnections,
  type ConnectionsInterrupt,
  type RequireConnectionsOptions,
} from "./require-connections.ts";
export { vaultTool, VaultTool, type VaultToolFields } from "./vault-tool.ts";
export { vaultToolkit, type VaultToolkitOptions } from "./vault-toolkit.ts";
