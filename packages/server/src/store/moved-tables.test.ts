import { afterAll, beforeAll, expect, test } from "vitest";
import { COLUMNS_LEFT_BEHIND, LEFT_BEHIND, LOG_COLUMNS, movedColumns, MOVED_TABLES } from "./moved-tables.ts";
import { createTestDatabase, type TestDatabase } from "./postgres/database.test-support.ts";
import { openPostgresStore } from "./postgres/postgres-store.ts";
import { openDatabase } from "./sqlite/database.ts";

/*
 * Every table of both schemas is either moved or left behind for a reason. Whoever adds one decides here, in one line of
 * moved-tables.ts, or this fails.
 */
type Schema = ReadonlyMap<string, ReadonlyMap<string, string>>;
let database: TestDatabase;
let sqlite: Schema;
let postgres: Schema;

beforeAll(async () => {
  database = await createTestDatabase();
  const store = await openPostgresStore({ url: database.url });
  await store.prepareLog(1_800_000_000_000);
  await store.close();
  postgres = schemaOf(
    await database.query(
      `SELECT table_name AS table, column_name AS column, data_type AS type FROM information_schema.columns
       WHERE table_schema = 'public' AND table_name !~ '^log_[0-9]{4}_[0-9]{2}$'`,
    ),
  );
  const db = openDatabase(":memory:");
  sqlite = schemaOf(
    db.all(
      `SELECT t.name AS "table", c.name AS "column", c.type AS type FROM sqlite_master t, pragma_table_info(t.name) c
       WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'`,
    ),
  );
  db.close();
});
afterAll(() => database.drop());

function schemaOf(rows: readonly { table: string; column: string; type: string }[]): Schema {
  const tables = new Map<string, Map<string, string>>();
  for (const { table, column, type } of rows)
    tables.set(table, (tables.get(table) ?? new Map<string, string>()).set(column, KINDS[type] ?? type));
  return tables;
}

/** What a type is in the form that moves. */
const KINDS: Readonly<Record<string, string>> = {
  TEXT: "text",
  INTEGER: "number",
  BLOB: "bytes",
  bigint: "number",
  integer: "number",
  boolean: "number",
  bytea: "bytes",
};

test("every table of both schemas moves, or stays behind for a reason", () => {
  const decided = [...MOVED_TABLES, ...Object.keys(LEFT_BEHIND)];
  const there = new Set([...sqlite.keys(), ...postgres.keys()]);
  const undecided = [...there].filter((table) => !decided.includes(table));
  expect(undecided, "add these to MOVED_TABLES, or to LEFT_BEHIND with the reason").toEqual([]);
  expect(decided.filter((table) => !there.has(table))).toEqual([]);
  expect(new Set(decided).size).toBe(decided.length);
});

test.each(MOVED_TABLES.filter((table) => table !== "log"))("%s has the same columns in both", (table) => {
  const moved = (schema: Schema): unknown => {
    const columns = schema.get(table) ?? new Map<string, string>();
    return Object.fromEntries(movedColumns(table, [...columns.keys()]).map((name) => [name, columns.get(name)]));
  };
  expect(moved(sqlite), "a column that one of them alone has goes to COLUMNS_LEFT_BEHIND").toEqual(moved(postgres));
});

test("of the log, what both keep of a row moves, and SQLite has only one column more", () => {
  const names = (schema: Schema): string[] => [...(schema.get("log")?.keys() ?? [])].toSorted();
  expect(names(postgres)).toEqual(LOG_COLUMNS.toSorted());
  expect(names(sqlite)).toEqual([...LOG_COLUMNS, "chain_seq"].toSorted());
});

test("what is left behind of a table is there", () => {
  for (const [table, columns] of Object.entries(COLUMNS_LEFT_BEHIND))
    for (const name of columns)
      expect(sqlite.get(table)?.has(name) || postgres.get(table)?.has(name), `${table}.${name}`).toBe(true);
});
