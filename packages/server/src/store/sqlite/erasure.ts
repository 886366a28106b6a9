import { erasureSql, holdings, type ErasureStore } from "../user-places.ts";
import type { Database } from "./database.ts";

const SESSION_OWNER = "json_extract(options, '$.wishes.principal.id')";
const SQL = erasureSql({ app: "?1", user: "?2", sessionOwner: SESSION_OWNER }, "?3", "?4");

export function erasureStore(db: Database): ErasureStore {
  return {
    async readUserRecords(appId, userId, kind, after, limit) {
      const { sql, key } = SQL.read(kind);
      const rows = db.all<Record<string, unknown>>(sql, appId, userId, after, limit);
      return rows.map((record) => ({ key: String(record[key]), record }));
    },
    async countUserHoldings(appId, userId) {
      const count = (sql: string): number => db.get<{ n: number }>(sql, appId, userId)?.n ?? 0;
      return holdings(SQL.counts.map(({ sql, counted }) => ({ counted, n: count(sql) })));
    },
    async eraseUser(appId, userId) {
      const erased = db.transaction(() => {
        if (db.run(SQL.emptyUser, appId, userId) === 0) return null;
        return holdings(SQL.erase.map(({ sql, counted }) => ({ counted, n: db.run(sql, appId, userId) })));
      });
      // What was deleted is overwritten in the database file; this is for what the write-ahead log still holds of it.
      db.truncateLog();
      return erased;
    },
  };
}
