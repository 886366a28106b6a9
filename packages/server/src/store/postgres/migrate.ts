import { POSTGRES_MIGRATIONS, type PostgresMigration } from "../migrations/postgres.ts";
import type { Database, Queries } from "./database.ts";

/**
 * Brings the schema up to date. Replicas that start at the same moment do it one after the other; those of the version
 * before go on meanwhile. A database that only a newer program can use is left alone.
 */
export async function migrate(
  db: Database,
  migrations: readonly PostgresMigration[] = POSTGRES_MIGRATIONS,
): Promise<void> {
  if (await isCurrent(db, migrations)) return;
  for (const migration of migrations) {
    await db.transaction(async (queries) => {
      await queries.run("SELECT pg_advisory_xact_lock($1)", MIGRATION_LOCK);
      await queries.run(
        "CREATE TABLE IF NOT EXISTS migrations (id integer PRIMARY KEY, name text NOT NULL, works_with integer NOT NULL)",
      );
      if (await queries.get("SELECT 1 FROM migrations WHERE id = $1", migration.id)) return;
      for (const statement of statementsOf(migration.sql)) await queries.run(statement);
      const { id, name, worksWith } = migration;
      await queries.run("INSERT INTO migrations VALUES ($1, $2, $3)", id, name, worksWith);
    });
  }
  await isCurrent(db, migrations);
}

/** Anything, but always the same. */
const MIGRATION_LOCK = 8_200_001;

async function isCurrent(queries: Queries, migrations: readonly PostgresMigration[]): Promise<boolean> {
  const newest = migrations.at(-1)?.id ?? 0;
  const table = await queries.get<{ there: boolean }>("SELECT to_regclass('migrations') IS NOT NULL AS there");
  if (!table?.there) return false;
  const done = await queries.get<{ id: number; works_with: number }>(
    "SELECT max(id) AS id, max(works_with) AS works_with FROM migrations",
  );
  if (!done) return false;
  if (done.works_with > newest) {
    throw new Error(
      `the database was written by a newer version (migration ${done.id}, for programs that know ${done.works_with}); start that version or restore a backup`,
    );
  }
  return done.id >= newest;
}

/** Prepared statements hold one each. In a migration a line ends with a semicolon where a statement does. */
function statementsOf(sql: string): string[] {
  return sql
    .replaceAll(/--.*$/gm, "")
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "");
}
