import type { Config } from "../config.ts";
import { openPostgresStore } from "./postgres/postgres-store.ts";
import { openSqliteStore } from "./sqlite/sqlite-store.ts";
import type { Store } from "./store.ts";

/**
 * The store that the settings ask for. With a clock it is one for answering calls; without, for a look or two. Throws
 * StorageUnavailable when its database cannot be reached.
 */
export async function openStore(
  { databaseUrl, databasePath }: Pick<Config, "databaseUrl" | "databasePath">,
  monotonic?: () => number,
): Promise<Store> {
  return databaseUrl === null ? openSqliteStore(databasePath) : openPostgresStore({ url: databaseUrl, monotonic });
}
