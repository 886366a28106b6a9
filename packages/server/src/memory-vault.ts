import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SCOPES } from "@alter-vault/protocol";
import { loadConfig } from "./config.ts";
import { createKeyFile, openKeyFile } from "./crypto/file-key-provider.ts";
import { openKeyring } from "./crypto/keyring.ts";
import { listen } from "./http/listen.ts";
import { createApiKey } from "./identity/api-keys.ts";
import type { Surroundings } from "./local-vault.ts";
import { startVault } from "./start.ts";
import { openPostgresStore } from "./store/postgres/postgres-store.ts";
import { openSqliteStore } from "./store/sqlite/sqlite-store.ts";

/** A vault whose database is in memory and gone when it stops: for tests of programs that use a vault. */
export interface MemoryVault {
  readonly url: string;
  /** A key with every scope. */
  readonly apiKey: string;
  stop(): Promise<void>;
}

export interface MemoryVaultOptions {
  /** An empty PostgreSQL database for the records, instead; it keeps them. */
  readonly databaseUrl?: string | undefined;
}

/** Listens on a free port of this machine. What has to be a file (master key, checkpoints) is in a folder that is removed. */
export async function startMemoryVault(
  around: Surroundings,
  { databaseUrl }: MemoryVaultOptions = {},
): Promise<MemoryVault> {
  const dataDir = mkdtempSync(join(tmpdir(), "alter-vault-memory-"));
  const settings = { ALTER_VAULT_DATA: dataDir, ALTER_VAULT_PORT: "0", ALTER_VAULT_SHUTDOWN_MS: "1000" };
  const config = loadConfig("dev", settings, {});
  const { clock, random, newId } = around;
  createKeyFile({ clock, random, newId, path: config.masterKeyPath });
  const provider = openKeyFile({ clock, random, newId, path: config.masterKeyPath });
  const store = databaseUrl === undefined ? openSqliteStore(":memory:") : await openPostgresStore({ url: databaseUrl });
  const app = { id: newId(), name: "test", createdAt: clock.now() };
  await store.insertApp(app);
  const keyring = await openKeyring({ store, provider, clock, random, newId });
  const key = { appId: app.id, name: "test", scopes: SCOPES };
  const { apiKey } = await createApiKey({ store, keyring, clock, random }, key);
  let url = "";
  const vault = await startVault({ ...around, config, store, provider, publicUrl: () => url });
  const listening = await listen(config, vault.app);
  url = listening.url;
  return {
    url,
    apiKey,
    async stop() {
      vault.beginStop();
      await listening.stop(config.limits.shutdownMs);
      await vault.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
