import { userKeyFromRow, type UserKeyRow } from "../rows/user-key-row.ts";
import type { ActiveUserKey, UserKeyRecord, UserKeyStore } from "../user-key-records.ts";
import type { Database } from "./database.ts";

export function userKeyStore(db: Database): UserKeyStore {
  // Nothing that calls ask for over and over depends on these, so they are not counted among the changes of records.
  const setInactive = db.logWriter("UPDATE user_keys SET active = 0 WHERE id = ? AND app_id = ?");
  const insert = db.logWriter("INSERT INTO user_keys VALUES (?, ?, ?, ?, 1, ?)");
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
      const put = (): UserKeyRecord | null => {
        const erased = db.get("SELECT 1 FROM users WHERE id = ? AND app_id = ? AND status = 'erased'", userId, appId);
        if (erased) return null;
        const now = active(appId, userId);
        if ((now?.id ?? null) === replaces) {
          if (now) setInactive(now.id, appId);
          insert(id, appId, userId, sealedKey, createdAt);
        }
        const row = active(appId, userId);
        return row ? userKeyFromRow(row) : null;
      };
      return db.writeBehind(put, () => undefined);
    },
  };
}
