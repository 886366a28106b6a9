import type { UserStore, UserWithGroups } from "../identity-records.ts";
import { mergeSeen, nameKey, newUser, userFromStored, type StoredUser } from "../seen-user.ts";
import type { Database } from "./database.ts";
import { directoryPage, groupsOf, setGroups } from "./user-groups.ts";
import { storedFromRow, USER_COLUMNS, type UserRow } from "./user-row.ts";

export function userStore(db: Database): UserStore {
  const one = (where: string, ...values: string[]): StoredUser | null => {
    const row = db.get<UserRow>(`SELECT ${USER_COLUMNS} FROM users WHERE ${where}`, ...values);
    return row ? storedFromRow(row) : null;
  };
  const withGroups = (user: StoredUser | null): UserWithGroups | null =>
    user && { user: userFromStored(user), groups: groupsOf(db, user.appId, user.id) };
  const find = (appId: string, id: string): UserWithGroups | null =>
    withGroups(one("id = ? AND app_id = ?", id, appId));
  const bySubject = (appId: string, idpId: string, subject: string): StoredUser | null =>
    one("app_id = ? AND idp_id = ? AND subject = ?", appId, idpId, subject);
  const byName = (appId: string, idpId: string, userName: string): StoredUser | null =>
    one("app_id = ? AND idp_id = ? AND user_name_key = ?", appId, idpId, nameKey(userName) ?? "");

  function isTaken({ appId, idpId, id, userName }: StoredUser): boolean {
    if (userName === null) return false;
    const owner = byName(appId, idpId, userName);
    return owner !== null && owner.id !== id;
  }

  function write(user: StoredUser): void {
    db.run(
      `INSERT INTO users (${USER_COLUMNS}, user_name_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (app_id, idp_id, subject) DO UPDATE SET email = excluded.email, name = excluded.name,
         last_seen_at = excluded.last_seen_at, active_in_directory = excluded.active_in_directory,
         user_name = excluded.user_name, said_at = excluded.said_at, user_name_key = excluded.user_name_key`,
      user.id,
      user.appId,
      user.idpId,
      user.subject,
      user.email,
      user.name,
      user.status,
      user.createdAt,
      user.lastSeenAt,
      user.activeInDirectory ? 1 : 0,
      user.userName,
      user.saidAt,
      nameKey(user.userName),
    );
  }

  return {
    async seeUser(appId, idpId, seen) {
      return db.transaction(() => {
        const known = bySubject(appId, idpId, seen.subject);
        if (known?.status === "deleted") return withGroups(known);
        const user = mergeSeen(known ?? newUser(appId, idpId, seen), seen);
        if (isTaken(user)) return null;
        write(user);
        if (seen.groups && user.saidAt === seen.saidAt) setGroups(db, user, seen);
        return withGroups(user);
      });
    },
    findUser: async (appId, id) => find(appId, id),
    findUserBySubject: async (appId, idpId, subject) => withGroups(bySubject(appId, idpId, subject)),
    findUserByName: async (appId, idpId, userName) => withGroups(byName(appId, idpId, userName)),
    async listUsers(appId, page) {
      const rows = directoryPage<UserRow>(db, "users", USER_COLUMNS, appId, page);
      return rows.flatMap((row) => withGroups(storedFromRow(row)) ?? []);
    },
    async countUsers(appId, idpId) {
      const sql =
        "SELECT count(*) AS n FROM users WHERE app_id = ? AND idp_id = ? AND status NOT IN ('deleted', 'erased')";
      return db.get<{ n: number }>(sql, appId, idpId)?.n ?? 0;
    },
    async setUserStatus(appId, id, status) {
      return db.transaction(() => {
        // Deleted is for good: an identity provider that brings the subject back means somebody the app must look at.
        db.run(
          "UPDATE users SET status = ? WHERE id = ? AND app_id = ? AND status NOT IN ('deleted', 'erased')",
          status,
          id,
          appId,
        );
        if (status === "deleted") {
          db.run("UPDATE users SET user_name = NULL, user_name_key = NULL WHERE id = ? AND app_id = ?", id, appId);
          db.run("DELETE FROM memberships WHERE app_id = ? AND user_id = ?", appId, id);
        }
        return find(appId, id);
      });
    },
  };
}
