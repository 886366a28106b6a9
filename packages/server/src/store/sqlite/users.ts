import type { SeenUser, UserStore, UserWithGroups } from "../identity-records.ts";
import { mergeSeen } from "../merge-seen.ts";
import type { Database } from "./database.ts";
import { directoryPage, groupsOf, setGroups } from "./user-groups.ts";
import { USER_COLUMNS, userFromRow, type UserRow } from "./user-row.ts";

/** SCIM user names are the same in upper and lower case. */
const keyOf = (userName: string | null): string | null => userName && userName.toLowerCase();

export function userStore(db: Database): UserStore {
  const withGroups = (row: UserRow | undefined): UserWithGroups | null =>
    row ? { user: userFromRow(row), groups: groupsOf(db, row.app_id, row.id) } : null;
  const find = (appId: string, id: string): UserWithGroups | null =>
    withGroups(db.get<UserRow>(`SELECT ${USER_COLUMNS} FROM users WHERE id = ? AND app_id = ?`, id, appId));
  const bySubject = (appId: string, idpId: string, subject: string): UserRow | undefined =>
    db.get<UserRow>(
      `SELECT ${USER_COLUMNS} FROM users WHERE app_id = ? AND idp_id = ? AND subject = ?`,
      appId,
      idpId,
      subject,
    );
  const byName = (appId: string, idpId: string, userName: string): UserRow | undefined =>
    db.get<UserRow>(
      `SELECT ${USER_COLUMNS} FROM users WHERE app_id = ? AND idp_id = ? AND user_name_key = ?`,
      appId,
      idpId,
      keyOf(userName),
    );

  function isTaken({ app_id, idp_id, id, user_name }: UserRow): boolean {
    if (user_name === null) return false;
    const owner = byName(app_id, idp_id, user_name);
    return owner !== undefined && owner.id !== id;
  }

  function write(row: UserRow): void {
    db.run(
      `INSERT INTO users (${USER_COLUMNS}, user_name_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (app_id, idp_id, subject) DO UPDATE SET email = excluded.email, name = excluded.name,
         last_seen_at = excluded.last_seen_at, active_in_directory = excluded.active_in_directory,
         user_name = excluded.user_name, said_at = excluded.said_at, user_name_key = excluded.user_name_key`,
      row.id,
      row.app_id,
      row.idp_id,
      row.subject,
      row.email,
      row.name,
      row.status,
      row.created_at,
      row.last_seen_at,
      row.active_in_directory,
      row.user_name,
      row.said_at,
      keyOf(row.user_name),
    );
  }

  return {
    async seeUser(appId, idpId, seen) {
      return db.transaction(() => {
        const known = bySubject(appId, idpId, seen.subject);
        if (known?.status === "deleted") return withGroups(known);
        const before = known ?? blank(appId, idpId, seen);
        const { active, ...merged } = mergeSeen(before, before.active_in_directory === 1, seen);
        const row = { ...before, ...merged, active_in_directory: Number(active) };
        if (isTaken(row)) return null;
        write(row);
        if (seen.groups && row.said_at === seen.saidAt) setGroups(db, userFromRow(row), seen);
        return withGroups(row);
      });
    },
    findUser: async (appId, id) => find(appId, id),
    findUserBySubject: async (appId, idpId, subject) => withGroups(bySubject(appId, idpId, subject)),
    findUserByName: async (appId, idpId, userName) => withGroups(byName(appId, idpId, userName)),
    async listUsers(appId, page) {
      return directoryPage<UserRow>(db, "users", USER_COLUMNS, appId, page).flatMap((row) => withGroups(row) ?? []);
    },
    async countUsers(appId, idpId) {
      const sql = "SELECT count(*) AS n FROM users WHERE app_id = ? AND idp_id = ? AND status <> 'deleted'";
      return db.get<{ n: number }>(sql, appId, idpId)?.n ?? 0;
    },
    async setUserStatus(appId, id, status) {
      return db.transaction(() => {
        // Deleted is for good: an identity provider that brings the subject back means somebody the app must look at.
        db.run("UPDATE users SET status = ? WHERE id = ? AND app_id = ? AND status <> 'deleted'", status, id, appId);
        if (status === "deleted") {
          db.run("UPDATE users SET user_name = NULL, user_name_key = NULL WHERE id = ? AND app_id = ?", id, appId);
          db.run("DELETE FROM memberships WHERE app_id = ? AND user_id = ?", appId, id);
        }
        return find(appId, id);
      });
    },
  };
}

function blank(appId: string, idpId: string, { newId, subject, at }: SeenUser): UserRow {
  return {
    id: newId,
    app_id: appId,
    idp_id: idpId,
    subject,
    email: null,
    name: null,
    status: "active",
    created_at: at,
    last_seen_at: null,
    active_in_directory: 1,
    user_name: null,
    said_at: 0,
  };
}
