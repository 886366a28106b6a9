import type { ToolCallStore } from "../tool-call-records.ts";
import { toolCallFromRow, type ToolCallRow } from "../rows/tool-call-row.ts";
import type { Database } from "./database.ts";

/** Written for each call of a tool, so these writes do not count as changes of records, which other calls look up. */
export function toolCallStore(db: Database): ToolCallStore {
  const deleteAnswer = db.logWriter("DELETE FROM tool_call_answers WHERE id = ?");
  const deleteCall = db.logWriter("DELETE FROM tool_calls WHERE id = ?");
  const insertCall = db.logWriter("INSERT INTO tool_calls VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  const setState = db.logWriter("UPDATE tool_calls SET state = ? WHERE id = ?");
  const insertAnswer = db.logWriter("INSERT OR REPLACE INTO tool_call_answers VALUES (?, ?, ?)");

  const find = (id: string): ToolCallRow | undefined =>
    db.get<ToolCallRow>("SELECT * FROM tool_calls WHERE id = ?", id);
  const isOpenOf = (appId: string, id: string, entryId: string): boolean => {
    const row = find(id);
    return row?.app_id === appId && row.entry_id === entryId && row.state === "open";
  };
  const forget = (id: string): void => {
    deleteAnswer(id);
    deleteCall(id);
  };

  return {
    async claimToolCall(call, now) {
      return db.transaction(() => {
        const known = find(call.id);
        if (known && known.expires_at > now) return toolCallFromRow(known);
        if (known) forget(call.id);
        const { id, appId, requestHash, entryId, state, claimedAt, expiresAt, userId } = call;
        insertCall(id, appId, requestHash, entryId, state, claimedAt, expiresAt, userId);
        return null;
      });
    },
    async settleToolCall(appId, id, entryId, state, sealedAnswer) {
      db.transaction(() => {
        if (!isOpenOf(appId, id, entryId)) return;
        setState(state, id);
        if (sealedAnswer) insertAnswer(id, appId, sealedAnswer);
      });
    },
    async releaseToolCall(appId, id, entryId) {
      db.transaction(() => {
        if (isOpenOf(appId, id, entryId)) forget(id);
      });
    },
    async findToolCall(appId, id, now) {
      const known = find(id);
      return known?.app_id === appId && known.expires_at > now ? toolCallFromRow(known) : null;
    },
    async findToolCallAnswer(appId, id) {
      const sql = "SELECT sealed FROM tool_call_answers WHERE id = ? AND app_id = ?";
      return db.get<{ sealed: Uint8Array }>(sql, id, appId)?.sealed ?? null;
    },
    // There are no other processes.
    isCallUnderWay: () => Promise.resolve(false),
    async abandonToolCalls() {
      return db.run("UPDATE tool_calls SET state = 'unknown' WHERE state = 'open'");
    },
    async forgetToolCalls(expiredBefore, limit) {
      const sql = "SELECT id FROM tool_calls WHERE expires_at < ? ORDER BY expires_at LIMIT ?";
      const rows = db.all<{ id: string }>(sql, expiredBefore, limit);
      if (rows.length > 0) db.transaction(() => rows.forEach(({ id }) => forget(id)));
      return rows.length;
    },
  };
}
