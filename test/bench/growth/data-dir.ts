import { closeSync, fsyncSync, openSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { SecretMaterial } from "@alter-vault/protocol";
import { createLogger, initDataDir, loadConfig, systemSurroundings } from "@alter-vault/server";
import { loadVaultInternals } from "./vault-internals.ts";

/** A data directory as `init` makes it, open for filling: nothing written is safe before it is finished. */
export interface OpenDataDir {
  readonly path: string;
  readonly db: DatabaseSync;
  readonly appId: string;
  /** As the vault seals the value of a secret. */
  readonly seal: (secretId: string, material: SecretMaterial) => Promise<Buffer>;
}

/** With `opens what is there` a directory that was made before, while no vault runs on it. */
export async function makeDataDir(dir: string, how: "makes" | "opens what is there" = "makes"): Promise<OpenDataDir> {
  const config = loadConfig("dev", { ALTER_VAULT_DATA: dir }, {});
  const around = systemSurroundings(createLogger("silent"));
  if (how === "makes") await initDataDir(config, around);

  const { openKeyFile, openKeyring, openSqliteStore, sealSecretValue } = await loadVaultInternals();
  const store = openSqliteStore(config.databasePath);
  const provider = openKeyFile({ ...around, path: config.masterKeyPath });
  // It holds the keys from here on; sealing asks the store for nothing, because the app has a data key.
  const keyring = await openKeyring({ ...around, store, provider });
  const app = (await store.listApps())[0];
  await store.close();
  if (!app) throw new Error("a new data directory has no app");

  const db = new DatabaseSync(config.databasePath);
  db.exec(
    "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; PRAGMA cache_size = -1048576",
  );
  return {
    path: config.databasePath,
    db,
    appId: app.id,
    seal: (secretId, material) => sealSecretValue(keyring, app.id, secretId, material),
  };
}

/** Closes it with everything on the disk, so that writing it back does not go on while something is measured. */
export function finishDataDir({ path, db }: OpenDataDir): void {
  db.exec("PRAGMA journal_mode = WAL");
  db.close();
  const file = openSync(path, "r+");
  fsyncSync(file);
  closeSync(file);
}

/** In megabytes. */
export function sizeOfDir(dir: string): number {
  const bytes = readdirSync(dir).reduce((sum, name) => sum + statSync(join(dir, name)).size, 0);
  return Math.round(bytes / 1e6);
}
