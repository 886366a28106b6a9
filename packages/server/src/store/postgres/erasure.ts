import { erasureSql, holdings, type ErasureStore } from "../user-places.ts";
import type { Database } from "./database.ts";
import { lockUserKeys } from "./user-keys.ts";

const SESSION_OWNER = "options::jsonb #>> '{wishes,principal,id}'";
const SQL = erasureSql({ app: "$1", user: "$2", sessionOwner: SESSION_OWNER }, "$3", "$4");

export function erasureStore(db: Database): ErasureStore {
  return {
    async readUserRecords(appId, userId, kind, after, limit) {
      const { sql, key } = SQL.read(kind);
      const rows = await db.all<Record<string, unknown>>(sql, appId, userId, after, limit);
      return rows.map((record) => ({ key: String(record[key]), record }));
    },
    async countUserHoldings(appId, userId) {
      const counting = SQL.counts.map(async ({ sql, counted }) => ({
        counted,
        n: (await db.get<{ n: number }>(sql, appId, userId))?.n ?? 0,
      }));
      return holdings(await Promise.all(counting));
    },
    eraseUser: (appId, userId) =>
      db.transaction(async (queries) => {
        await lockUserKeys(queries, appId, userId);
        if ((await queries.run(SQL.emptyUser, appId, userId)) === 0) return null;
        const deleted = [];
        for (const { sql, counted } of SQL.erase) {
          deleted.push({ counted, n: await queries.run(sql, appId, userId) });
        }
        return holdings(deleted);
      }),
  };
}
