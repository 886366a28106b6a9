import type { ChainHead } from "../log-records.ts";
import type { PruneWish, Pruned } from "../retention-records.ts";
import { StorageUnavailable } from "../store.ts";
import type { HoldRow } from "../rows/hold-row.ts";
import type { Database, Queries } from "./database.ts";
import { codeOf } from "./failure.ts";
import { firstId, oldestPiece, PARTITION_LOCK, type Piece } from "./log-partitions.ts";

/**
 * Takes the oldest piece of the log away as a whole, when all of it is old enough and no hold keeps anything in it. A
 * piece holds what was written of its entries, so the outcome of its last entries may come after the first rows of the
 * next piece in its chain. What is removed must be the beginning of each chain, so these few rows are kept, in `log_rest`,
 * and go with the next piece.
 *
 * Appends wait for the moment in which the piece is taken out, and no longer: whoever does not get its turn at once gives
 * up, and is asked again.
 */
export async function pruneLog(db: Database, { before, now, sign }: PruneWish): Promise<Pruned> {
  const piece = await oldestPiece(db);
  if (!piece || piece.until > before) return NOTHING;
  const until = firstId(piece.until);
  const { rows, heldBy } = await inItsTurn(db, async (queries) => {
    await queries.run("SET LOCAL lock_timeout = 300");
    const locked = await queries.get<{ mine: boolean }>("SELECT pg_try_advisory_xact_lock($1) AS mine", PARTITION_LOCK);
    // Another replica is at it, or has done it.
    if (!locked?.mine || (await oldestPiece(queries))?.name !== piece.name) return NOTHING;
    // Whoever is told that something is held can go by it: a hold that is being set is waited for, and others wait.
    await queries.run("LOCK TABLE log_holds IN SHARE MODE");
    const holding = await holdOn(queries, until);
    if (holding !== null) return { rows: 0, heldBy: holding };
    const starts = await newStarts(queries, until);
    let removed = 0;
    for (const { writer, seq, hash, from } of starts) {
      removed += seq - from;
      const start = sign({ writer, seq, hash, before, at: now });
      await queries.run(
        `INSERT INTO log_starts VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (writer) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, before = excluded.before,
           at = excluded.at, signature = excluded.signature`,
        writer,
        start.seq,
        start.hash,
        start.before,
        start.at,
        start.signature,
      );
      await queries.run("DELETE FROM checkpoints WHERE writer = $1 AND seq <= $2", writer, seq);
    }
    await takeOut(queries, piece);
    return { rows: removed, heldBy: null };
  });
  if (rows > 0) await forgetRefs(db, until);
  const next = await oldestPiece(db);
  return { rows, hasMore: rows > 0 && next !== null && next.until <= before, heldBy };
}

type Turn = Pick<Pruned, "rows" | "heldBy">;

/** Nothing also when somebody else holds what must be locked: calls do not wait for this. */
async function inItsTurn(db: Database, work: (queries: Queries) => Promise<Turn>): Promise<Turn> {
  try {
    return await db.transaction(work);
  } catch (error) {
    if (error instanceof StorageUnavailable && codeOf(error.cause) === LOCK_NOT_AVAILABLE) return NOTHING;
    throw error;
  }
}

const LOCK_NOT_AVAILABLE = "55P03";
const NOTHING: Pruned = { rows: 0, hasMore: false, heldBy: null };
const REFS_AT_ONCE = 5_000;
const MOST_KEPT_ROWS = 10_000;

/** The oldest hold on an entry with an id before this one. */
async function holdOn(db: Queries, until: string): Promise<string | null> {
  const holds = await db.all<HoldRow>("SELECT * FROM log_holds WHERE released_at IS NULL ORDER BY id");
  for (const { id, app_id: appId, user_id: userId, since, until: end } of holds) {
    const from = since === null ? "" : firstId(since);
    const to = end === null ? until : [firstId(end), until].toSorted()[0];
    const held =
      userId === null
        ? await db.get(
            "SELECT 1 FROM log WHERE app_id = $1 AND kind = 'entry' AND entry_id >= $2 AND entry_id < $3 LIMIT 1",
            appId,
            from,
            to,
          )
        : await db.get(
            `SELECT 1 FROM log_refs WHERE app_id = $1 AND name = 'user_id' AND value = $4
               AND entry_id >= $2 AND entry_id < $3 LIMIT 1`,
            appId,
            from,
            to,
            userId,
          );
    if (held) return id;
  }
  return null;
}

interface NewStart extends ChainHead {
  readonly writer: string;
  /** Where it begins until now. */
  readonly from: number;
}

/** Of each chain: the row before the first that belongs to a younger entry, unless it begins there already. */
async function newStarts(queries: Queries, until: string): Promise<NewStart[]> {
  const chains = await queries.all<{ writer: string; seq: number; hash: Uint8Array; from: number }>(
    `SELECT c.writer, c.seq, c.hash, coalesce(s.seq, 0) AS "from" FROM chains c LEFT JOIN log_starts s ON s.writer = c.writer`,
  );
  const starts: NewStart[] = [];
  for (const { writer, seq, hash, from } of chains) {
    const sql = "SELECT min(seq) AS seq FROM log WHERE writer = $1 AND entry_id >= $2";
    const first = (await queries.get<{ seq: number | null }>(sql, writer, until))?.seq ?? null;
    const last = first === null ? seq : first - 1;
    if (last <= from) continue;
    const row = await queries.get<{ hash: Uint8Array }>(
      "SELECT hash FROM log WHERE writer = $1 AND seq = $2",
      writer,
      last,
    );
    // Somebody was at the log before: it is left as it is, and verifying says what is wrong.
    if (first !== null && !row) continue;
    starts.push({ writer, seq: last, hash: row?.hash ?? hash, from });
  }
  return starts;
}

/** The piece goes, but for rows that come after the new starts of their chains. */
async function takeOut(queries: Queries, { name, until }: Piece): Promise<void> {
  const later = `chains c LEFT JOIN log_starts s ON s.writer = c.writer
    JOIN ${name} p ON p.writer = c.writer AND p.seq > coalesce(s.seq, 0)`;
  const kept = await queries.all(`SELECT 1 FROM ${later} LIMIT $1`, MOST_KEPT_ROWS + 1);
  if (kept.length > MOST_KEPT_ROWS) {
    throw new Error(
      `${name} is kept: too much of it comes after younger rows of its chains, as when a clock was wrong`,
    );
  }
  await queries.run(`ALTER TABLE log DETACH PARTITION ${name}`);
  await queries.run(`INSERT INTO log SELECT p.* FROM ${later}`);
  await queries.run(`DROP TABLE ${name}`);
  const sql =
    "DELETE FROM log_rest r USING log_starts s WHERE r.writer = s.writer AND r.seq <= s.seq AND r.entry_id < $1";
  await queries.run(sql, firstId(until));
}

/** Where nothing is any more. Behind, and a few at a time: whoever searches finds nothing there meanwhile. */
async function forgetRefs(db: Database, until: string): Promise<void> {
  const sql = `DELETE FROM log_refs WHERE ctid IN (SELECT ctid FROM log_refs WHERE entry_id < $1 LIMIT $2)`;
  while ((await db.run(sql, until, REFS_AT_ONCE)) > 0) continue;
}
