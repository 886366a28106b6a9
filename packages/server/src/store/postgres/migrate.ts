import { setTimeout as sleep } from "node:timers/promises";
import { POSTGRES_MIGRATIONS, type PostgresMigration } from "../migrations/postgres.ts";
import { StorageInOlderUse, StorageTooNew } from "../store.ts";
import { GONE_AFTER } from "./chains.ts";
import type { Database, Queries } from "./database.ts";
import { isLockedOut } from "./failure.ts";

/**
 * Brings the schema up to date. Replicas that start at the same moment do it one after the other; those of the version
 * before go on meanwhile, and a step that they could not live with is refused while there are any. A database that only a
 * newer program can use is left alone.
 *
 * A step waits for a table only so long that calls, which queue up behind it, do not notice; then it lets them through
 * and tries again.
 *
 * @throws StorageTooNew, StorageInOlderUse, StorageUnavailable
 */
export async function migrate(
  db: Database,
  migrations: readonly PostgresMigration[] = POSTGRES_MIGRATIONS,
): Promise<void> {
  if (await isCurrent(db, migrations)) return;
  for (const migration of migrations) await takeStep(db, migration);
}

/** Anything, but always the same. */
const MIGRATION_LOCK = 8_200_001;
const LOCK_TIMEOUT = "1s";
const MOST_TRIES = 30;
const PAUSE_MS = 1_000;

async function takeStep(db: Database, migration: PostgresMigration): Promise<void> {
  for (let tried = 1; ; tried++) {
    try {
      return await db.transaction((queries) => takeStepOnce(queries, migration));
    } catch (error) {
      if (!isLockedOut(error) || tried === MOST_TRIES) throw error;
    }
    await sleep(PAUSE_MS);
  }
}

async function takeStepOnce(queries: Queries, { id, name, worksWith, sql }: PostgresMigration): Promise<void> {
  // Another replica may be at it, and a step takes as long as it takes.
  await queries.run("SET LOCAL statement_timeout = 0");
  await queries.run("SET LOCAL lock_timeout = 0");
  await queries.run("SELECT pg_advisory_xact_lock($1)", MIGRATION_LOCK);
  await queries.run(
    "CREATE TABLE IF NOT EXISTS migrations (id integer PRIMARY KEY, name text NOT NULL, works_with integer NOT NULL)",
  );
  if (await queries.get("SELECT 1 FROM migrations WHERE id = $1", id)) return;
  const before = await queries.get<{ works_with: number | null }>(
    "SELECT max(works_with) AS works_with FROM migrations",
  );
  if (worksWith > (before?.works_with ?? worksWith)) await expectNoneOlder(queries, id, worksWith);
  await queries.run(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
  for (const statement of statementsOf(sql)) await queries.run(statement);
  await queries.run("INSERT INTO migrations VALUES ($1, $2, $3)", id, name, worksWith);
}

async function expectNoneOlder(queries: Queries, id: number, worksWith: number): Promise<void> {
  const older = await queries.get<{ count: number }>(
    `SELECT count(*) AS count FROM chains WHERE open AND seen_at > now() - ${GONE_AFTER} AND knows < $1`,
    worksWith,
  );
  if (!older || older.count === 0) return;
  throw new StorageInOlderUse(
    `step ${id} of the schema takes away what ${older.count} of the replicas that run still need (they do not know step ${worksWith})`,
  );
}

/** Whether nothing is left to be done. Throws StorageTooNew when there is nothing this program could do. */
export async function isCurrent(queries: Queries, migrations: readonly PostgresMigration[]): Promise<boolean> {
  const newest = newestOf(migrations);
  const table = await queries.get<{ there: boolean }>("SELECT to_regclass('migrations') IS NOT NULL AS there");
  if (!table?.there) return false;
  const done = await queries.get<{ id: number | null; works_with: number | null }>(
    "SELECT max(id) AS id, max(works_with) AS works_with FROM migrations",
  );
  if (!done) return false;
  if ((done.works_with ?? 0) > newest) {
    throw new StorageTooNew(
      `the database was changed by a newer version (step ${done.id}, for programs that know step ${done.works_with}; this one knows ${newest})`,
    );
  }
  return (done.id ?? 0) >= newest;
}

export function newestOf(migrations: readonly PostgresMigration[]): number {
  return migrations.at(-1)?.id ?? 0;
}

/** Prepared statements hold one each. In a migration a line ends with a semicolon where a statement does. */
function statementsOf(sql: string): string[] {
  return sql
    .replaceAll(/--.*$/gm, "")
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "");
}
