import { POSTGRES_MIGRATIONS } from "../migrations/postgres.ts";
import { openPool } from "./database.ts";

/** What a database holds, looked at without changing it. */
export interface PostgresState {
  readonly version: string;
  /** 0: no vault was ever opened there. */
  readonly migration: number;
  readonly newestMigration: number;
  /** Whether this program may use it as it is, or after bringing it up to date. */
  readonly isUsable: boolean;
  readonly hasApps: boolean;
  readonly masterKeyIds: readonly string[];
}

/** Throws StorageUnavailable when it cannot be reached. */
export async function inspectPostgres(url: string): Promise<PostgresState> {
  const db = openPool({ url, connections: 1 });
  try {
    const newestMigration = POSTGRES_MIGRATIONS.at(-1)?.id ?? 0;
    const server = await db.get<{ version: string }>("SELECT current_setting('server_version') AS version");
    const version = server?.version ?? "";
    const table = await db.get<{ there: boolean }>("SELECT to_regclass('migrations') IS NOT NULL AS there");
    if (!table?.there)
      return { version, migration: 0, newestMigration, isUsable: true, hasApps: false, masterKeyIds: [] };
    const done = await db.get<{ id: number | null; works_with: number | null }>(
      "SELECT max(id) AS id, max(works_with) AS works_with FROM migrations",
    );
    const keys = await db.all<{ id: string }>("SELECT DISTINCT master_key_id AS id FROM data_keys");
    return {
      version,
      migration: done?.id ?? 0,
      newestMigration,
      isUsable: (done?.works_with ?? 0) <= newestMigration,
      hasApps: (await db.get("SELECT 1 FROM apps LIMIT 1")) !== undefined,
      masterKeyIds: keys.map(({ id }) => id),
    };
  } finally {
    await db.close();
  }
}
