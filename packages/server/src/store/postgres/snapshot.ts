import { POSTGRES_MIGRATIONS } from "../migrations/postgres.ts";
import type { MovedRow, MovedValue, StoreSnapshot } from "../moved-rows.ts";
import { LOG_COLUMNS } from "../moved-tables.ts";
import type { Queries } from "./database.ts";
import { openTransaction } from "./one-transaction.ts";

/**
 * One transaction that sees what was committed when it began: replicas go on writing meanwhile. Rows are fetched as many
 * at a time as make up about a megabyte. Writes nothing.
 */
export async function openPostgresSnapshot(url: string): Promise<StoreSnapshot> {
  const db = await openTransaction(url, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  return {
    step: { taken: await stepTaken(db), known: POSTGRES_MIGRATIONS.at(-1)?.id ?? 0 },
    columnsOf: async (table) => (table === "log" ? LOG_COLUMNS : [...(await columnTypes(db, table)).keys()]),
    count: async (table) => (await db.get<{ n: number }>(`SELECT count(*) AS n FROM ${table}`))?.n ?? 0,
    async *rowsOf(table, columns) {
      const order = table === "log" ? " ORDER BY entry_id, kind" : "";
      await db.run(`DECLARE moving NO SCROLL CURSOR FOR SELECT ${columns.join(", ")} FROM ${table}${order}`);
      let atOnce = FIRST_AT_ONCE;
      for (;;) {
        const found = await db.all<Record<string, unknown>>(`FETCH ${atOnce} FROM moving`);
        const rows = found.map((row) => columns.map((name) => valueOf(row[name])));
        if (rows.length > 0) yield rows;
        if (rows.length < atOnce) break;
        atOnce = nextAtOnce(rows);
      }
      await db.run("CLOSE moving");
    },
    close: () => db.close(),
  };
}

const FIRST_AT_ONCE = 8;
const MOST_AT_ONCE = 2_000;
const WANTED_BYTES = 1024 * 1024;

function nextAtOnce(rows: readonly MovedRow[]): number {
  const bytes = rows.flat().reduce<number>((sum, value) => sum + sizeOf(value), 0);
  const fitting = Math.floor((WANTED_BYTES * rows.length) / Math.max(bytes, 1));
  // A row may be much larger than those before it.
  return Math.max(1, Math.min(fitting, rows.length * 4, MOST_AT_ONCE));
}

function sizeOf(value: MovedValue): number {
  return typeof value === "string" || value instanceof Uint8Array ? value.length : 8;
}

/** 0: no vault was ever opened there. */
export async function stepTaken(db: Queries): Promise<number> {
  const table = await db.get<{ there: boolean }>("SELECT to_regclass('migrations') IS NOT NULL AS there");
  if (!table?.there) return 0;
  return (await db.get<{ id: number | null }>("SELECT max(id) AS id FROM migrations"))?.id ?? 0;
}

/** Name -> type, in their order. */
export async function columnTypes(db: Queries, table: string): Promise<ReadonlyMap<string, string>> {
  const rows = await db.all<{ name: string; type: string }>(
    `SELECT column_name AS name, data_type AS type FROM information_schema.columns
     WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position`,
    table,
  );
  return new Map(rows.map(({ name, type }) => [name, type]));
}

function valueOf(value: unknown): MovedValue {
  if (value === null || typeof value === "string" || typeof value === "number" || value instanceof Uint8Array)
    return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  throw new Error("a column is of a type that the vault never stores");
}
