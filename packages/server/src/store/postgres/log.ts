import { logRefsOf } from "../log-refs.ts";
import {
  LOG_REFS,
  type Checkpoint,
  type EntryWithOutcome,
  type LogFilter,
  type LogPage,
  type LogStore,
} from "../log-records.ts";
import { logFromRow, type StoredLogRow } from "../rows/log-row.ts";
import { appendLogTo } from "./append-log.ts";
import { chainStore } from "./chains.ts";
import type { Database } from "./database.ts";
import { prepareLog } from "./log-partitions.ts";
import { nonceUsed } from "./nonces.ts";
import { retentionStore } from "./retention.ts";

type EntryRow = StoredLogRow & {
  o_writer: string | null;
  o_seq: number;
  o_at: number;
  o_body: string;
  o_hash: Uint8Array;
};

const ENTRY = `SELECT e.*, o.writer AS o_writer, o.seq AS o_seq, o.at AS o_at, o.body AS o_body, o.hash AS o_hash FROM log e
  LEFT JOIN log o ON o.entry_id = e.entry_id AND o.kind = 'outcome' AND o.app_id IS NOT DISTINCT FROM e.app_id`;

const fromEntryRow = (row: EntryRow): EntryWithOutcome => ({
  entry: logFromRow(row),
  outcome:
    row.o_writer === null
      ? null
      : {
          writer: row.o_writer,
          seq: row.o_seq,
          kind: "outcome",
          entryId: row.entry_id,
          appId: row.app_id,
          at: row.o_at,
          body: row.o_body,
          hash: row.o_hash,
        },
  cursor: row.entry_id,
});

export function logStore(db: Database, knows: number): LogStore {
  const chains = chainStore(db, knows);
  return {
    ...chains,
    prepareLog: (now) => prepareLog(db, now),
    appendLog: appendLogTo(db, chains.chainHead),
    nonceUsed: (nonce) => nonceUsed(db, nonce),
    async forgetNonces(createdBefore, limit) {
      await db.run(
        `DELETE FROM nonces WHERE ctid IN (
           SELECT ctid FROM nonces WHERE created < $1 ORDER BY created LIMIT $2 FOR UPDATE SKIP LOCKED
         )`,
        createdBefore,
        limit,
      );
    },
    async readChain(writer, afterSeq, limit) {
      const sql = "SELECT * FROM log WHERE writer = $1 AND seq > $2 ORDER BY seq LIMIT $3";
      return (await db.all<StoredLogRow>(sql, writer, afterSeq, limit)).map((row) => logFromRow(row));
    },
    async findEntry(appId, entryId) {
      const sql = `${ENTRY} WHERE e.app_id = $1 AND e.entry_id = $2 AND e.kind = 'entry'`;
      const row = await db.get<EntryRow>(sql, appId, entryId);
      return row ? fromEntryRow(row) : null;
    },
    async listEntries(appId, filter, page) {
      const { sql, values } = entryQuery(appId, filter, page);
      return (await db.all<EntryRow>(sql, ...values)).map(fromEntryRow);
    },
    ...retentionStore(db),
    indexLog: (limit) => indexLog(db, limit),
    async insertCheckpoint({ writer, seq, hash, at, signature }) {
      const sql = "INSERT INTO checkpoints VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
      await db.run(sql, writer, seq, hash, at, signature);
    },
    listCheckpoints: (writer) => db.all<Checkpoint>("SELECT * FROM checkpoints WHERE writer = $1 ORDER BY seq", writer),
  };
}

/** One chain at a time, by one process at a time: each is written from its beginning to its end, so nothing is missed. */
async function indexLog(db: Database, limit: number): Promise<number> {
  const behind = await db.get<{ writer: string }>(
    `SELECT c.writer FROM chains c LEFT JOIN log_indexed i ON i.writer = c.writer
     WHERE c.seq > coalesce(i.seq, 0) ORDER BY c.writer LIMIT 1`,
  );
  if (!behind) return 0;
  const { writer } = behind;
  await db.transaction(async (queries) => {
    await queries.run("INSERT INTO log_indexed VALUES ($1, 0) ON CONFLICT DO NOTHING", writer);
    const done = await queries.get<{ seq: number }>("SELECT seq FROM log_indexed WHERE writer = $1 FOR UPDATE", writer);
    const rows = await queries.all<StoredLogRow>(
      "SELECT * FROM log WHERE writer = $1 AND seq > $2 ORDER BY seq LIMIT $3",
      writer,
      done?.seq ?? 0,
      limit,
    );
    const refs = rows.flatMap((row) =>
      row.kind === "entry" && row.app_id !== null
        ? logRefsOf(row.body).map(([name, value]) => [row.app_id, name, value, row.entry_id] as const)
        : [],
    );
    await queries.run(
      `INSERT INTO log_refs (app_id, name, value, entry_id)
       SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) ON CONFLICT DO NOTHING`,
      refs.map(([appId]) => appId),
      refs.map(([, name]) => name),
      refs.map(([, , value]) => value),
      refs.map(([, , , entryId]) => entryId),
    );
    const last = rows.at(-1)?.seq ?? done?.seq ?? 0;
    await queries.run("UPDATE log_indexed SET seq = $1 WHERE writer = $2", last, writer);
  });
  const left = await db.get<{ n: number }>(
    `SELECT coalesce(sum(c.seq - coalesce(i.seq, 0)), 0)::bigint AS n FROM chains c
     LEFT JOIN log_indexed i ON i.writer = c.writer WHERE c.seq > coalesce(i.seq, 0)`,
  );
  return left?.n ?? 0;
}

/** The rarest condition leads: a searched value where there is one, otherwise the app. */
function entryQuery(
  appId: string | null,
  { refs, since, until }: LogFilter,
  { from, order, limit }: LogPage,
): { sql: string; values: unknown[] } {
  const values: unknown[] = [];
  const place = (value: unknown): string => `$${values.push(value)}`;
  let sql = ENTRY;
  LOG_REFS.forEach((name, index) => {
    const value = refs[name];
    if (value === undefined) return;
    const r = `r${index}`;
    sql += ` JOIN log_refs ${r} ON ${r}.entry_id = e.entry_id AND ${r}.app_id = e.app_id AND ${r}.name = ${place(name)} AND ${r}.value = ${place(value)}`;
  });
  sql += appId === null ? " WHERE e.app_id IS NULL" : ` WHERE e.app_id = ${place(appId)}`;
  sql += " AND e.kind = 'entry'";
  if (from !== null) sql += ` AND e.entry_id ${order === "oldest" ? ">" : "<"} ${place(from)}`;
  if (since !== null) sql += ` AND e.at >= ${place(since)}`;
  if (until !== null) sql += ` AND e.at < ${place(until)}`;
  sql += ` ORDER BY e.entry_id ${order === "oldest" ? "ASC" : "DESC"} LIMIT ${place(limit)}`;
  return { sql, values };
}
