import type { ToolCallStore } from "../tool-call-records.ts";
import { toolCallFromRow, type ToolCallRow } from "../rows/tool-call-row.ts";
import { SILENT_AFTER } from "./chains.ts";
import type { Database, Queries } from "./database.ts";

/** Claims of many replicas: the primary key decides who makes a call. */
export function toolCallStore(db: Database): ToolCallStore {
  const lockOpen = (queries: Queries, appId: string, id: string, entryId: string): Promise<ToolCallRow | undefined> =>
    queries.get<ToolCallRow>(
      "SELECT * FROM tool_calls WHERE app_id = $1 AND id = $2 AND entry_id = $3 AND state = 'open' FOR UPDATE",
      appId,
      id,
      entryId,
    );
  const forget = async (queries: Queries, appId: string, id: string): Promise<void> => {
    await queries.run("DELETE FROM tool_call_answers WHERE app_id = $1 AND id = $2", appId, id);
    await queries.run("DELETE FROM tool_calls WHERE app_id = $1 AND id = $2", appId, id);
  };

  return {
    async claimToolCall(call, now) {
      return db.transaction(async (queries) => {
        const known = await queries.get<ToolCallRow>(
          "SELECT * FROM tool_calls WHERE app_id = $1 AND id = $2 FOR UPDATE",
          call.appId,
          call.id,
        );
        if (known && known.expires_at > now) return toolCallFromRow(known);
        if (known) await forget(queries, call.appId, call.id);
        const claimed = await queries.run(
          "INSERT INTO tool_calls VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
          call.id,
          call.appId,
          call.requestHash,
          call.entryId,
          call.state,
          call.claimedAt,
          call.expiresAt,
          call.userId,
        );
        if (claimed === 1) return null;
        // Another replica was faster by a moment; the insert waited until its claim was there.
        const other = await queries.get<ToolCallRow>(
          "SELECT * FROM tool_calls WHERE app_id = $1 AND id = $2",
          call.appId,
          call.id,
        );
        return other ? toolCallFromRow(other) : { ...call, state: "open" };
      });
    },
    async settleToolCall(appId, id, entryId, state, sealedAnswer) {
      await db.transaction(async (queries) => {
        if (!(await lockOpen(queries, appId, id, entryId))) return;
        await queries.run("UPDATE tool_calls SET state = $1 WHERE app_id = $2 AND id = $3", state, appId, id);
        if (!sealedAnswer) return;
        await queries.run(
          `INSERT INTO tool_call_answers VALUES ($1, $2, $3)
           ON CONFLICT (id) DO UPDATE SET sealed = excluded.sealed WHERE tool_call_answers.app_id = excluded.app_id`,
          id,
          appId,
          sealedAnswer,
        );
      });
    },
    async releaseToolCall(appId, id, entryId) {
      await db.transaction(async (queries) => {
        if (await lockOpen(queries, appId, id, entryId)) await forget(queries, appId, id);
      });
    },
    async findToolCall(appId, id, now) {
      const sql = "SELECT * FROM tool_calls WHERE app_id = $1 AND id = $2 AND expires_at > $3";
      const known = await db.get<ToolCallRow>(sql, appId, id, now);
      return known ? toolCallFromRow(known) : null;
    },
    async findToolCallAnswer(appId, id) {
      const sql = "SELECT id, sealed FROM tool_call_answers WHERE id = $1 AND app_id = $2";
      return (await db.get<{ sealed: Uint8Array }>(sql, id, appId))?.sealed ?? null;
    },
    async isCallUnderWay(appId, entryId) {
      const row = await db.get<{ is_under_way: boolean }>(
        `SELECT EXISTS (
           SELECT FROM log AS entry JOIN chains ON chains.writer = entry.writer
           WHERE entry.app_id = $1 AND entry.entry_id = $2 AND entry.kind = 'entry' AND chains.open
             AND entry.seq > chains.opened_after
             AND (chains.seen_at > now() - ${SILENT_AFTER} OR pg_postmaster_start_time() > now() - ${SILENT_AFTER})
             AND NOT EXISTS (SELECT FROM log AS outcome WHERE outcome.entry_id = entry.entry_id AND outcome.kind = 'outcome')
         ) AS is_under_way`,
        appId,
        entryId,
      );
      return row?.is_under_way ?? false;
    },
    // What is open may be under way in another replica.
    abandonToolCalls: async () => 0,
    async forgetToolCalls(expiredBefore, limit) {
      const sql = "SELECT id, app_id FROM tool_calls WHERE expires_at < $1 ORDER BY expires_at LIMIT $2";
      const rows = await db.all<Pick<ToolCallRow, "id" | "app_id">>(sql, expiredBefore, limit);
      for (const row of rows) await db.transaction((queries) => forget(queries, row.app_id, row.id));
      return rows.length;
    },
  };
}
