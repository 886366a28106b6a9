import type { ChainHead, LogStore } from "../log-records.ts";
import type { Database } from "./database.ts";

/** A process that did not say for so long that it is there is gone. */
export const GONE_AFTER = "interval '30 seconds'";

/**
 * Who writes which chain. A process takes one that another closed in good order, so that their number stays that of the
 * replicas; one whose process is gone without a word is left as it ended. The database's clock says who is there.
 */
export function chainStore(
  db: Database,
  /** The last step of the schema that this program knows. */
  knows: number,
): Pick<LogStore, "openChain" | "closeChain" | "touchChain" | "runningChains" | "chainHead" | "chainWriters"> {
  return {
    async openChain(fresh) {
      const row = await db.get<ChainHead & { writer: string }>(
        `WITH closed AS (
           SELECT writer FROM chains WHERE NOT open ORDER BY writer LIMIT 1 FOR UPDATE SKIP LOCKED
         ), taken AS (
           UPDATE chains SET open = true, opened_after = seq, seen_at = now(), knows = $3
             WHERE writer = (SELECT writer FROM closed) RETURNING writer, seq, hash
         ), made AS (
           INSERT INTO chains (writer, seq, hash, open, opened_after, seen_at, knows)
             SELECT $1, 0, $2::bytea, true, 0, now(), $3 WHERE NOT EXISTS (SELECT FROM taken)
             RETURNING writer, seq, hash
         )
         SELECT * FROM taken UNION ALL SELECT * FROM made`,
        fresh,
        START.hash,
        knows,
      );
      return { writer: row?.writer ?? fresh, head: row ? { seq: row.seq, hash: row.hash } : START };
    },
    async closeChain(writer) {
      // A program that has not heard of `knows` may take it next.
      await db.run("UPDATE chains SET open = false, knows = DEFAULT WHERE writer = $1", writer);
    },
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

const START: ChainHead = { seq: 0, hash: new Uint8Array(32) };
