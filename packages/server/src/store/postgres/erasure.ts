import {
  ERASE_USER,
  holdings,
  USER_PLACES,
  userPlace,
  VOTES_OF_USER,
  type ErasureStore,
  type UserHoldings,
} from "../user-places.ts";
import type { Database } from "./database.ts";
import { lockUserKeys } from "./user-keys.ts";

const SQL = {
  app: "$1",
  user: "$2",
  sessionOwner: "options::jsonb #>> '{wishes,principal,id}'",
};

export function erasureStore(db: Database): ErasureStore {
  return {
    async readUserRecords(appId, userId, kind, after, limit) {
      const { table, where, key = "id" } = userPlace(kind);
      const sql = `SELECT * FROM ${table} WHERE ${where(SQL)} AND ${key} > $3 ORDER BY ${key} LIMIT $4`;
      const rows = await db.all<Record<string, unknown>>(sql, appId, userId, after, limit);
      return rows.map((record) => ({ key: String(record[key]), record }));
    },
    async countUserHoldings(appId, userId) {
      const counts: Partial<Record<keyof UserHoldings, number>> = {};
      for (const { table, where, counted } of USER_PLACES) {
        if (!counted) continue;
        const sql = `SELECT count(*) AS n FROM ${table} WHERE ${where(SQL)}`;
        counts[counted] = (await db.get<{ n: number }>(sql, appId, userId))?.n ?? 0;
      }
      return holdings(counts);
    },
    eraseUser: (appId, userId) =>
      db.transaction(async (queries) => {
        await lockUserKeys(queries, appId, userId);
        if ((await queries.run(ERASE_USER(SQL), appId, userId)) === 0) return null;
        const counts: Partial<Record<keyof UserHoldings, number>> = {};
        for (const { table, where, counted } of USER_PLACES) {
          const deleted = await queries.run(`DELETE FROM ${table} WHERE ${where(SQL)}`, appId, userId);
          if (counted) counts[counted] = deleted;
        }
        const votes = VOTES_OF_USER(SQL);
        await queries.run(
          `UPDATE approvals SET decision_reason = NULL WHERE app_id = $1 AND id IN (${votes})`,
          appId,
          userId,
        );
        await queries.run(
          `UPDATE approval_votes SET reason = NULL WHERE approver = 'user ' || $2 AND approval_id IN (${votes})`,
          appId,
          userId,
        );
        return holdings(counts);
      }),
  };
}
