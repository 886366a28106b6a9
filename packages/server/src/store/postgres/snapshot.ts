import { POSTGRES_MIGRATIONS } from "../migrations/postgres.ts";
import type { MovedRow, MovedValue, StoreSnapshot } from "../moved-rows.ts";
import { movedColumns } from "../moved-tables.ts";
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
    columnsOf: async (table) => movedColumns(table, [...(await columnTypes(db, table)).keys()]),
    count: async (table) => (await db.get<{ n: number }>(`SELECT count(*) AS n FROM ${table}`))?.n ?? 0,
    rowsOf: (table, columns) =>
      table === "log" ? mixedChains(db, columns) : readAll(db, `SELECT ${columns.join(", ")} FROM ${table}`, columns),
    close: () => db.close(),
  };
}

/** By a cursor of a name of its own, so that several can be read at the same time. */
async function* readAll(
  db: Queries,
  sql: string,
  columns: readonly string[],
  cursor = "moving",
): AsyncGenerator<readonly MovedRow[]> {
  await db.run(`DECLARE ${cursor} NO SCROLL CURSOR FOR ${sql}`);
  let atOnce = FIRST_AT_ONCE;
  for (;;) {
    const found = await db.all<Record<string, unknown>>(`FETCH ${atOnce} FROM ${cursor}`);
    const rows = found.map((row) => columns.map((name) => valueOf(row[name])));
    if (rows.length > 0) yield rows;
    if (rows.length < atOnce) break;
    atOnce = nextAtOnce(rows);
  }
  await db.run(`CLOSE ${cursor}`);
}

/** Every chain from its beginning, and always the next row of the one whose next row is the oldest. */
async function* mixedChains(db: Queries, columns: readonly string[]): AsyncGenerator<readonly MovedRow[]> {
  const chains = await Promise.all(
    (await writersOf(db)).map((writer, at) => {
      const sql = `SELECT ${columns.join(", ")} FROM log WHERE writer = ${writer} ORDER BY seq`;
      return rowByRow(readAll(db, sql, columns, `moving_${at}`));
    }),
  );
  const time = columns.indexOf("at");
  let some: MovedRow[] = [];
  for (;;) {
    let oldest: RowByRow | undefined;
    for (const chain of chains)
      if (chain.next && (!oldest?.next || Number(chain.next[time]) < Number(oldest.next[time]))) oldest = chain;
    if (!oldest?.next) break;
    some.push(oldest.next);
    await oldest.advance();
    if (some.length < MIXED_AT_ONCE) continue;
    yield some;
    some = [];
  }
  if (some.length > 0) yield some;
}

const MIXED_AT_ONCE = 200;

interface RowByRow {
  /** Null: there is none any more. */
  readonly next: MovedRow | null;
  advance(): Promise<void> | undefined;
}

async function rowByRow(pages: AsyncGenerator<readonly MovedRow[]>): Promise<RowByRow> {
  let page: readonly MovedRow[] = [];
  let at = 0;
  const turn = async (): Promise<void> => {
    const next = await pages.next();
    page = next.done ? [] : next.value;
    at = 0;
  };
  await turn();
  return {
    get next() {
      return page[at] ?? null;
    },
    advance: () => (++at < page.length ? undefined : turn()),
  };
}

/** Whoever ever wrote a row, as SQL; found by steps through the index. */
async function writersOf(db: Queries): Promise<readonly string[]> {
  const rows = await db.all<{ writer: string }>(
    `WITH RECURSIVE found AS (
       (SELECT writer FROM log ORDER BY writer LIMIT 1)
       UNION ALL
       SELECT (SELECT writer FROM log WHERE log.writer > found.writer ORDER BY writer LIMIT 1)
         FROM found WHERE found.writer IS NOT NULL
     ) SELECT quote_literal(writer) AS writer FROM found WHERE writer IS NOT NULL`,
  );
  return rows.map(({ writer }) => writer);
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
