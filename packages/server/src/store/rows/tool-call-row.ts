import type { ToolCallRecord } from "../tool-call-records.ts";

/** A call of a tool as both drivers store it. */
export interface ToolCallRow {
  id: string;
  app_id: string;
  request_hash: string;
  entry_id: string;
  state: ToolCallRecord["state"];
  claimed_at: number;
  expires_at: number;
  user_id: string | null;
}

export const toolCallFromRow = (row: ToolCallRow): ToolCallRecord => ({
  id: row.id,
  appId: row.app_id,
  userId: row.user_id,
  requestHash: row.request_hash,
  entryId: row.entry_id,
  state: row.state,
  claimedAt: row.claimed_at,
  expiresAt: row.expires_at,
});
