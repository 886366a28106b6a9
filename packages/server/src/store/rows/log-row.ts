import type { LogRow } from "../log-records.ts";

/** A row of the log as both drivers store it. */
export interface StoredLogRow {
  seq: number;
  writer: string;
  kind: LogRow["kind"];
  entry_id: string;
  app_id: string | null;
  at: number;
  body: string;
  hash: Uint8Array;
}

/** `seq`: its place in its chain, where that is not the one in the table. */
export const logFromRow = (row: StoredLogRow, seq: number = row.seq): LogRow => ({
  seq,
  writer: row.writer,
  kind: row.kind,
  entryId: row.entry_id,
  appId: row.app_id,
  at: row.at,
  body: row.body,
  hash: row.hash,
});
