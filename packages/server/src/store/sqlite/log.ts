import type { SQLInputValue } from "node:sqlite";
import {
  LOG_REFS,
  type Checkpoint,
  type EntryWithOutcome,
  type LogFilter,
  type LogRow,
  type LogStore,
} from "../log-records.ts";
import { logFromRow, type StoredLogRow } from "../rows/log-row.ts";
import { openChains } from "./chains.ts";
import type { Database } from "./database.ts";
import { logRefsOf } from "../log-refs.ts";
import { retentionStore } from "./retention.ts";
import { createRowWriter } from "./row-writer.ts";
import type { SeenNonces } from "./seen-nonces.ts";

interface Row extends StoredLogRow {
  /** Of a row that came with an import: its place in the chain. */
  chain_seq: number | null;
}

const COLUMNS = "seq, writer, kind, entry_id, app_id, at, body, hash";

export function logStore(db: Database, nonces: SeenNonces): LogStore {
  const chains = openChains(db);
  const rows = createRowWriter(db, `log (${COLUMNS})`, 8);
  const insertRef = db.logWriter("INSERT INTO log_refs VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING");
  const setIndexed = db.logWriter("UPDATE log_indexed SET seq = ?");

  const fromRow = (row: Row): LogRow => logFromRow(row, chains.seqOf(row));
  const withOutcome = (row: Row): EntryWithOutcome => {
    const outcome = db.get<Row>("SELECT * FROM log WHERE entry_id = ? AND kind = 'outcome'", row.entry_id);
    return { entry: fromRow(row), outcome: outcome ? fromRow(outcome) : null, cursor: String(row.seq) };
  };

  return {
    ...chains.store,
    prepareLog: async () => undefined,
    async appendLog(writer, head, appends, link) {
      const before = chains.placeBefore(writer);
      return db.writeBehind(
        () => {
          let last = head;
          rows.clear();
          const results: ("written" | "replayed")[] = [];
          for (const { draft, nonce } of appends) {
            const isReplayed = nonce !== null && !nonces.use(nonce);
            results.push(isReplayed ? "replayed" : "written");
            if (isReplayed || !draft) continue;
            last = link(last, draft);
            rows.add(
              before + last.seq,
              writer,
              draft.kind,
              draft.entryId,
              draft.appId,
              draft.at,
              draft.body,
              last.hash,
            );
          }
          rows.flush();
          nonces.write();
          return { head: last, results };
        },
        (isCommitted) => nonces.settle(isCommitted),
      );
    },
    nonceUsed: (nonce) => nonces.has(nonce),
    async forgetNonces(createdBefore, limit) {
      nonces.forget(createdBefore, limit);
    },
    async readChain(writer, afterSeq, limit) {
      const { sql, after } = chains.rowsOf(writer, afterSeq);
      return db.all<Row>(sql, writer, after, limit).map(fromRow);
    },
    async findEntry(appId, entryId) {
      const row = db.get<Row>("SELECT * FROM log WHERE entry_id = ? AND kind = 'entry' AND app_id = ?", entryId, appId);
      return row ? withOutcome(row) : null;
    },
    async listEntries(appId, filter, { from, order, limit }) {
      const { sql, values } = entryQuery(appId, filter, from, order);
      return db.all<Row>(sql, ...values, limit).map(withOutcome);
    },
    async indexLog(limit) {
      const index = (): number => {
        const done = db.get<{ seq: number }>("SELECT seq FROM log_indexed")?.seq ?? 0;
        const rows = db.all<Row>("SELECT * FROM log WHERE seq > ? ORDER BY seq LIMIT ?", done, limit);
        for (const row of rows) {
          if (row.kind !== "entry" || row.app_id === null) continue;
          for (const [name, value] of logRefsOf(row.body)) {
            insertRef(row.app_id, name, value, row.seq);
          }
        }
        const last = rows.at(-1)?.seq ?? done;
        setIndexed(last);
        const newest = db.get<{ seq: number | null }>("SELECT max(seq) AS seq FROM log")?.seq ?? 0;
        return newest - last;
      };
      return db.writeBehind(index, () => undefined);
    },
    async insertCheckpoint({ writer, seq, hash, at, signature }) {
      db.run("INSERT INTO checkpoints VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", writer, seq, hash, at, signature);
    },
    ...retentionStore(db, (row) => chains.seqOf(row)),
    async listCheckpoints(writer) {
      return db.all<Checkpoint>("SELECT * FROM checkpoints WHERE writer = ? ORDER BY seq", writer);
    },
  };
}

/** The rarest condition leads: a searched value where there is one, otherwise the app. */
function entryQuery(
  appId: string | null,
  { refs, since, until }: LogFilter,
  from: string | null,
  order: "newest" | "oldest",
): { sql: string; values: SQLInputValue[] } {
  const [ascending, compare] = order === "oldest" ? ["ASC", ">"] : ["DESC", "<"];
  const start = from === null ? (order === "oldest" ? 0 : Number.MAX_SAFE_INTEGER) : Number(from);
  const wanted = LOG_REFS.filter((name) => refs[name] !== undefined);
  const values: SQLInputValue[] = [];
  let sql = "SELECT log.* FROM log";
  wanted.forEach((name, index) => {
    sql += ` JOIN log_refs r${index} ON r${index}.seq = log.seq AND r${index}.app_id = log.app_id AND r${index}.name = ? AND r${index}.value = ?`;
    values.push(name, refs[name] ?? "");
  });
  sql += appId === null ? " WHERE log.app_id IS NULL" : " WHERE log.app_id = ?";
  if (appId !== null) values.push(appId);
  sql += ` AND log.kind = 'entry' AND log.seq ${compare} ?`;
  values.push(start);
  if (since !== null) {
    sql += " AND log.at >= ?";
    values.push(since);
  }
  if (until !== null) {
    sql += " AND log.at < ?";
    values.push(until);
  }
  return { sql: `${sql} ORDER BY log.seq ${ascending} LIMIT ?`, values };
}
