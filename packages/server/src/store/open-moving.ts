import { SQLITE_MIGRATIONS } from "./migrations/sqlite.ts";
import { POSTGRES_MIGRATIONS } from "./migrations/postgres.ts";
import type { Config } from "../config.ts";
import type { SchemaSteps, StoreSnapshot, StoreToFill } from "./moved-rows.ts";
import { fillPostgres } from "./postgres/fill.ts";
import { openPostgresSnapshot } from "./postgres/snapshot.ts";
import { fillSqlite } from "./sqlite/fill.ts";
import { openSqliteSnapshot } from "./sqlite/snapshot.ts";

type Place = Pick<Config, "databaseUrl" | "databasePath">;

/** What this program knows of the two schemas. */
export const KNOWN_STEPS: SchemaSteps = {
  sqlite: SQLITE_MIGRATIONS.at(-1)?.id ?? 0,
  postgres: POSTGRES_MIGRATIONS.at(-1)?.id ?? 0,
};

/** All that is stored at the place the settings name, as it is now. Throws StorageUnavailable. */
export async function openSnapshot({ databaseUrl, databasePath }: Place): Promise<StoreSnapshot> {
  return databaseUrl === null ? openSqliteSnapshot(databasePath) : openPostgresSnapshot(databaseUrl);
}

/**
 * An empty place to fill, where the settings say, with the schema as it was after these steps. Throws StoreNotEmpty,
 * SchemaInTheWay, StorageUnavailable.
 */
export async function openStoreToFill({ databaseUrl, databasePath }: Place, steps: SchemaSteps): Promise<StoreToFill> {
  return databaseUrl === null ? fillSqlite(databasePath, steps.sqlite) : fillPostgres(databaseUrl, steps.postgres);
}
