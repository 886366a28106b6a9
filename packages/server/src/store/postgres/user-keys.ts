import { userKeyFromRow, type UserKeyRow } from "../rows/user-key-row.ts";
import type { ActiveUserKey, UserKeyStore } from "../user-key-records.ts";
import type { Database, Queries } from "./database.ts";

export function userKeyStore(db: Database): UserKeyStore {
  const active = (queries: Queries, appId: string, userId: string): Promise<UserKeyRow | undefined> =>
    queries.get<UserKeyRow>("SELECT * FROM user_keys WHERE app_id = $1 AND user_id = $2 AND active", appId, userId);

  return {
    async findUserKey(appId, id) {
      const row = await db.get<UserKeyRow>("SELECT * FROM user_keys WHERE id = $1 AND app_id = $2", id, appId);
      return row ? userKeyFromRow(row) : null;
    },
    async findActiveUserKey(appId, userId) {
      const row = await active(db, appId, userId);
      return row ? userKeyFromRow(row) : null;
    },
    activeUserKeys: (appId, userIds) =>
      db.all<ActiveUserKey>(
        `SELECT id, user_id AS "userId", created_at AS "createdAt" FROM user_keys
         WHERE app_id = $1 AND user_id = ANY($2::text[]) AND active`,
        appId,
        userIds,
      ),
    insertUserKey: ({ id, appId, userId, sealedKey, createdAt }, replaces) =>
      db.transaction(async (queries) => {
        await lockUserKeys(queries, appId, userId);
        const sql = "SELECT 1 FROM users WHERE id = $1 AND app_id = $2 AND status = 'erased'";
        if (await queries.get(sql, userId, appId)) return null;
        const now = await active(queries, appId, userId);
        if ((now?.id ?? null) === replaces) {
          if (now)
            await queries.run("UPDATE user_keys SET active = false WHERE id = $1 AND app_id = $2", now.id, appId);
          await queries.run(
            "INSERT INTO user_keys (id, app_id, user_id, sealed_key, active, created_at) VALUES ($1, $2, $3, $4, true, $5)",
            id,
            appId,
            userId,
            sealedKey,
            createdAt,
          );
        }
        const row = await active(queries, appId, userId);
        return row ? userKeyFromRow(row) : null;
      }),
  };
}

/** Until the end of the transaction: making a key and destroying all of them do not happen at the same moment. */
export async function lockUserKeys(queries: Queries, appId: string, userId: string): Promise<void> {
  await queries.run("SELECT pg_advisory_xact_lock(hashtext('user key ' || $1), hashtext($2))", appId, userId);
}
