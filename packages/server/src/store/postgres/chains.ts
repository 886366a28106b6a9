import type { ChainHead, LogStore } from "../log-records.ts";
import type { Database } from "./database.ts";

/** A process that did not say for so long that it is there is taken to be gone. It may be alive. */
export const GONE_AFTER = "interval '30 seconds'";
/** After so long without a word it is told that nobody knows what came of what it was doing. Nothing is done again. */
export const SILENT_AFTER = "interval '10 seconds'";

/**
 * Who writes which chain. A process takes one that another closed in good order, so that their number stays that of the
 * replicas; one whose process is gone without a word is left as it ended. The database's clock says who is there.
 */
export function chainStore(
  db: Database,
  /** The last step of the schema that this program knows. */
  knows: number,
): Pick<
  LogStore,
  "openChain" | "closeChain" | "endProcess" | "touchChain" | "runningChains" | "chainHead" | "chainWriters"
> {
  return {
    async openChain(process) {
      const row = await db.get<ChainHead & { writer: string }>(
        `WITH closed AS (
           SELECT writer FROM chains WHERE NOT open ORDER BY writer LIMIT 1 FOR UPDATE SKIP LOCKED
         ), taken AS (
           UPDATE chains SET open = true, opened_after = seq, seen_at = now(), knows = $3, process = $1
             WHERE writer = (SELECT writer FROM closed) RETURNING writer, seq, hash
         ), made AS (
           INSERT INTO chains (writer, seq, hash, open, opened_after, seen_at, knows, process)
             SELECT $1, 0, $2::bytea, true, 0, now(), $3, $1 WHERE NOT EXISTS (SELECT FROM taken)
             RETURNING writer, seq, hash
         )
         SELECT * FROM taken UNION ALL SELECT * FROM made`,
        process,
        START.hash,
        knows,
      );
      return { writer: row?.writer ?? process, head: row ? { seq: row.seq, hash: row.hash } : START };
    },
    async closeChain(writer) {
      await db.run(`UPDATE chains SET ${CLOSED} WHERE writer = $1`, writer);
    },
    endProcess: (process, now) =>
      db.transaction(async (queries) => {
        const chain = await queries.get<{ writer: string; opened_after: number }>(
          "SELECT writer, opened_after FROM chains WHERE process = $1 AND open FOR UPDATE",
          process,
        );
        if (!chain) return;
        // A lease is named after the entry of its refresh. While one runs, its end is when it is due.
        await queries.run(
          `UPDATE oauth_credentials AS c SET lease_id = NULL, lease_until = NULL, refresh_due_at = 0
           FROM log WHERE c.refresh_due_at > $1 AND c.lease_id IS NOT NULL AND log.entry_id = c.lease_id
             AND log.kind = 'entry' AND log.writer = $2 AND log.seq > $3`,
          now,
          chain.writer,
          chain.opened_after,
        );
        // Of nobody who could be heard of, whoever goes on with the chain.
        await queries.run("UPDATE approvals SET holder = '' WHERE status = 'executing' AND holder = $1", chain.writer);
        await queries.run("DELETE FROM policy_slots WHERE holder = $1", chain.writer);
        await queries.run(`UPDATE chains SET ${CLOSED} WHERE writer = $1`, chain.writer);
      }),
    async touchChain(writer) {
      await db.run("UPDATE chains SET seen_at = now() WHERE writer = $1 AND open", writer);
    },
    async runningChains() {
      const rows = await db.all<{ writer: string; opened_after: number }>(
        `SELECT writer, opened_after FROM chains WHERE open AND seen_at > now() - ${GONE_AFTER}`,
      );
      return new Map(rows.map(({ writer, opened_after: openedAfter }) => [writer, openedAfter]));
    },
    async chainHead(writer) {
      return (await db.get<ChainHead>("SELECT seq, hash FROM chains WHERE writer = $1", writer)) ?? START;
    },
    async chainWriters() {
      const rows = await db.all<{ writer: string }>("SELECT writer FROM chains ORDER BY writer");
      return rows.map(({ writer }) => writer);
    },
  };
}

/** A program that has not heard of all columns may take it next. */
const CLOSED = "open = false, knows = DEFAULT, process = NULL";

const START: ChainHead = { seq: 0, hash: new Uint8Array(32) };
