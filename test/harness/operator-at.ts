import { createLogger, createVaultClient, systemSurroundings, type VaultClient } from "@alter-vault/server";

const { clock: ownClock, random } = systemSurroundings(createLogger("silent"));

/** Speaks to the vault at that address, over plain HTTP, for whoever holds the key. `clock`: what the vault goes by, too. */
export function operatorAt(url: string, apiKey: string, clock: typeof ownClock = ownClock): VaultClient {
  return createVaultClient({ url, apiKey, app: undefined, certificateSha256: null, clock, random });
}
