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

const SQL = {
  app: "?1",
  user: "?2",
  sessionOwner: "json_extract(options, '$.wishes.principal.id')",
};

export function erasureStore(db: Database): ErasureStore {
  return {
    async readUserRecords(appId, userId, kind, after, limit) {
      const { table, where, key = "id" } = userPlace(kind);
      const sql = `SELECT * FROM ${table} WHERE ${where(SQL)} AND ${key} > ?3 ORDER BY ${key} LIMIT ?4`;
      const rows = db.all<Record<string, unknown>>(sql, appId, userId, after, limit);
      return rows.map((record) => ({ key: String(record[key]), record }));
    },
    async countUserHoldings(appId, userId) {
      const counts: Partial<Record<keyof UserHoldings, number>> = {};
      for (const { table, where, counted } of USER_PLACES) {
        if (!counted) continue;
        counts[counted] =
          db.get<{ n: number }>(`SELECT count(*) AS n FROM ${table} WHERE ${where(SQL)}`, appId, userId)?.n ?? 0;
      }
      return holdings(counts);
    },
    async eraseUser(appId, userId) {
      const erased = db.transaction(() => {
        if (db.run(ERASE_USER(SQL), appId, userId) === 0) return null;
        const counts: Partial<Record<keyof UserHoldings, number>> = {};
        for (const { table, where, counted } of USER_PLACES) {
          const deleted = db.run(`DELETE FROM ${table} WHERE ${where(SQL)}`, appId, userId);
          if (counted) counts[counted] = deleted;
        }
        const votes = VOTES_OF_USER(SQL);
        db.run(`UPDATE approvals SET decision_reason = NULL WHERE app_id = ?1 AND id IN (${votes})`, appId, userId);
        db.run(
          `UPDATE approval_votes SET reason = NULL WHERE approver = 'user ' || ?2 AND approval_id IN (${votes})`,
          appId,
          userId,
        );
        return holdings(counts);
      });
      // What was deleted is overwritten in the database file; this is for what the write-ahead log still holds of it.
      db.truncateLog();
      return erased;
    },
  };
}
