import { POSTGRES_MIGRATIONS } from "../migrations/postgres.ts";
import { SchemaInTheWay, StoreNotEmpty, type MovedRow, type StoreToFill } from "../moved-rows.ts";
import { movedColumns, MOVED_TABLES } from "../moved-tables.ts";
import type { Database, Queries } from "./database.ts";
import { makePieces } from "./log-partitions.ts";
import { migrate } from "./migrate.ts";
import { openTransaction } from "./one-transaction.ts";
import { recordsOn } from "./postgres-store.ts";
import { columnTypes, stepTaken } from "./snapshot.ts";

/**
 * An empty database, filled within one transaction, its schema included: there is all of it or nothing, and whoever
 * starts a vault on it meanwhile waits.
 */
export async function fillPostgres(url: string, step: number): Promise<StoreToFill> {
  const db = await openTransaction(url, "BEGIN");
  try {
    await prepare(db, step);
  } catch (error) {
    await db.close();
    throw error;
  }
  const typesOf = createTypes(db);
  return {
    columnsOf: async (table) => movedColumns(table, [...(await typesOf(table)).keys()]),
    async insert(table, columns, rows) {
      const types = await typesOf(table);
      if (table === "log") await makePieces(db, idsOf(columns, rows));
      await insert(db, table, columns, types, rows);
    },
    count: (table) => count(db, table),
    async complete() {
      await endChains(db);
      await migrate(db);
      // Before anybody asks: what is planned without knowing how much there is, is planned badly, and kept.
      await db.run("ANALYZE");
      return { ...recordsOn(db, null), isShared: true, close: () => Promise.resolve() };
    },
    async keep() {
      await db.commit();
      await db.close();
    },
    abandon: () => db.close(),
  };
}

async function prepare(db: Database, step: number): Promise<void> {
  const taken = await stepTaken(db);
  if (taken > 0) {
    // Whoever makes a vault there at this moment waits, and then finds one.
    await db.run("LOCK TABLE apps IN SHARE ROW EXCLUSIVE MODE");
    for (const table of await tablesThere(db))
      if ((await count(db, table)) > 0) throw new StoreNotEmpty("the database holds a vault already");
  }
  if (taken > step) throw new SchemaInTheWay(`the database has the schema of step ${taken}, not ${step}`);
  const steps = POSTGRES_MIGRATIONS.filter(({ id }) => id <= step);
  await migrate(db, steps);
}

/** Of the tables that move, those that this step of the schema has. */
async function tablesThere(db: Queries): Promise<readonly string[]> {
  const rows = await db.all<{ name: string }>(
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = current_schema()",
  );
  const there = new Set(rows.map(({ name }) => name));
  return MOVED_TABLES.filter((table) => there.has(table));
}

async function count(db: Queries, table: string): Promise<number> {
  return (await db.get<{ n: number }>(`SELECT count(*) AS n FROM ${table}`))?.n ?? 0;
}

function createTypes(db: Queries): (table: string) => Promise<ReadonlyMap<string, string>> {
  const known = new Map<string, ReadonlyMap<string, string>>();
  return async (table) => {
    let types = known.get(table);
    if (!types) known.set(table, (types = await columnTypes(db, table)));
    return types;
  };
}

async function insert(
  db: Queries,
  table: string,
  columns: readonly string[],
  types: ReadonlyMap<string, string>,
  rows: readonly MovedRow[],
): Promise<void> {
  const lists = columns.map((name, at) => {
    const isFlag = types.get(name) === "boolean";
    return rows.map((row) => (isFlag ? flagOf(row[at]) : (row[at] ?? null)));
  });
  const places = columns.map((name, at) => `$${at + 1}::${types.get(name)}[]`).join(", ");
  await db.run(`INSERT INTO ${table} (${columns.join(", ")}) SELECT * FROM unnest(${places})`, ...lists);
}

function flagOf(value: MovedRow[number] | undefined): boolean | null {
  return value === null || value === undefined ? null : value === 1;
}

function idsOf(columns: readonly string[], rows: readonly MovedRow[]): string[] {
  const at = columns.indexOf("entry_id");
  return rows.map((row) => String(row[at]));
}

/**
 * What was written elsewhere nobody goes on writing here: these chains look like those of processes that are gone, which
 * no other takes up.
 */
async function endChains(db: Queries): Promise<void> {
  await db.run(
    `INSERT INTO chains (writer, seq, hash, open, opened_after, seen_at)
     SELECT DISTINCT ON (writer) writer, seq, hash, true, seq, '-infinity' FROM log ORDER BY writer, seq DESC`,
  );
}
