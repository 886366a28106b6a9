/** The vault as a library: make a data directory, open the vault in it, listen. The command line is built on the same. */
export type { Clock } from "./clock.ts";
export { ConfigError, loadConfig, type Config, type Limits, type SettingOverrides } from "./config.ts";
export {
  DataDirBusy,
  initDataDir,
  isInitialized,
  startLocalVault,
  type LocalVault,
  type Surroundings,
} from "./local-vault.ts";
export { createVaultClient, type VaultClient } from "./cli/vault-client.ts";
export { createLogger, type LogFields, type Logger } from "./logger.ts";
export { startMemoryVault, type MemoryVault } from "./memory-vault.ts";
export type { NewId, RandomBytes } from "./random.ts";
export { systemSurroundings } from "./system.ts";
