import { formatUuidV7 } from "@alter-vault/protocol";
import type { Database, Queries } from "./database.ts";

/** How many months after this one have their piece of the log already. */
const AHEAD = 2;

/**
 * Makes the pieces of the log for this month and the next ones. An entry of a month without one would go to `log_rest`,
 * which is there so that no clock can stop the log. Else it holds only the few rows of a removed piece that stay for one
 * more month.
 */
export async function prepareLog(db: Database, now: number): Promise<void> {
  for (let ahead = 0; ahead <= AHEAD; ahead++) await makePiece(db, monthOf(now, ahead));
}

/** Makes the pieces that entries of other times go to. They say their time; what says none goes to `log_rest`. */
export async function makePieces(db: Database, entryIds: readonly string[]): Promise<void> {
  const months = new Set(entryIds.filter((id) => UUID_V7.test(id)).map((id) => monthOf(timeOf(id), 0)));
  for (const month of months) if (month < LAST_MONTH) await makePiece(db, month);
}

/** The moment a month begins. */
function monthOf(ms: number, later: number): number {
  const day = new Date(ms);
  return Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + later);
}

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/;
/** No clock that is right gets there, and a piece would be made for each month of one that is not. */
const LAST_MONTH = Date.UTC(2200, 0);

function timeOf(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

async function makePiece(db: Database, from: number): Promise<void> {
  const name = `log_${new Date(from).toISOString().slice(0, 7).replace("-", "_")}`;
  if (await isThere(db, name)) return;
  await db.transaction(async (queries) => {
    await queries.run("SELECT pg_advisory_xact_lock($1)", PARTITION_LOCK);
    if (await isThere(queries, name)) return;
    // Made apart and then attached: to make it in place would lock the whole log.
    await queries.run(`CREATE TABLE ${name} (LIKE log INCLUDING DEFAULTS INCLUDING CONSTRAINTS)`);
    const to = monthOf(from, 1);
    await queries.run(
      `ALTER TABLE log ATTACH PARTITION ${name} FOR VALUES FROM ('${firstId(from)}') TO ('${firstId(to)}')`,
    );
  });
}

/** Asked of the table itself: what a session remembers about names may be older than the lock. */
async function isThere(queries: Queries, name: string): Promise<boolean> {
  const sql = "SELECT 1 FROM pg_class WHERE relname = $1 AND relnamespace = current_schema()::regnamespace";
  return (await queries.get(sql, name)) !== undefined;
}

export const PARTITION_LOCK = 8_200_002;

/** A month of the log. */
export interface Piece {
  readonly name: string;
  /** All in it is older. */
  readonly until: number;
}

export async function oldestPiece(queries: Queries): Promise<Piece | null> {
  const row = await queries.get<{ name: string }>(
    `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'log'::regclass AND c.relname ~ '^log_[0-9]{4}_[0-9]{2}$' ORDER BY c.relname LIMIT 1`,
  );
  if (!row) return null;
  const [, year, month] = row.name.split("_").map(Number);
  return { name: row.name, until: Date.UTC(year ?? 0, month ?? 0) };
}

/** Not after any id of that moment or later, and after all before: 48 bits of time lead a UUIDv7. */
export function firstId(ms: number): string {
  return formatUuidV7(ms, new Uint8Array(10)).slice(0, 13);
}
