import type { Config } from "../config.ts";
import type { PostgresMigration } from "./migrations/postgres.ts";
import { openPostgresStore } from "./postgres/postgres-store.ts";
import { openSqliteStore } from "./sqlite/sqlite-store.ts";
import type { Store } from "./store.ts";

/**
 * The store that the settings ask for. With a clock it is one for answering calls; without, for a look or two. Throws
 * StorageUnavailable when its database cannot be reached, StorageTooNew or StorageInOlderUse when it is for other versions.
 */
export async function openStore(
  { databaseUrl, databasePath }: Pick<Config, "databaseUrl" | "databasePath">,
  monotonic?: () => number,
  migrations?: readonly PostgresMigration[],
): Promise<Store> {
  if (databaseUrl === null) return openSqliteStore(databasePath);
  return openPostgresStore({ url: databaseUrl, monotonic, migrations });
}
