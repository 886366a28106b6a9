import { userKeyFromRow, type UserKeyRow } from "../rows/user-key-row.ts";
import type { ActiveUserKey, UserKeyStore } from "../user-key-records.ts";
import type { Database } from "./database.ts";

export function userKeyStore(db: Database): UserKeyStore {
  const active = (appId: string, userId: string): UserKeyRow | undefined =>
    db.get<UserKeyRow>(
      "SELECT * FROM user_keys WHERE app_id = ? AND user_id = ? AND active = 1 ORDER BY id LIMIT 1",
      appId,
      userId,
    );

  return {
    async findUserKey(appId, id) {
      const row = db.get<UserKeyRow>("SELECT * FROM user_keys WHERE id = ? AND app_id = ?", id, appId);
      return row ? userKeyFromRow(row) : null;
    },
    async findActiveUserKey(appId, userId) {
      const row = active(appId, userId);
      return row ? userKeyFromRow(row) : null;
    },
    async activeUserKeys(appId, userIds) {
      return userIds.flatMap((userId): ActiveUserKey[] => {
        const row = active(appId, userId);
        return row ? [{ id: row.id, userId, createdAt: row.created_at }] : [];
      });
    },
    async insertUserKey({ id, appId, userId, sealedKey, createdAt }, replaces) {
      return db.transaction(() => {
        const erased = db.get("SELECT 1 FROM users WHERE id = ? AND app_id = ? AND status = 'erased'", userId, appId);
        if (erased) return null;
        const now = active(appId, userId);
        if ((now?.id ?? null) === replaces) {
          if (now) db.run("UPDATE user_keys SET active = 0 WHERE id = ? AND app_id = ?", now.id, appId);
          db.run("INSERT INTO user_keys VALUES (?, ?, ?, ?, 1, ?)", id, appId, userId, sealedKey, createdAt);
        }
        const row = active(appId, userId);
        return row ? userKeyFromRow(row) : null;
      });
    },
  };
}
