import type { UserStore, UserWithGroups } from "../identity-records.ts";
import { mergeSeen } from "../merge-seen.ts";
import type { Database, Queries } from "./database.ts";
import { directoryPage, groupsOf, setGroups } from "./user-groups.ts";
import { USER_COLUMNS, userFromRow, type UserRow } from "./user-row.ts";

/** SCIM user names are the same in upper and lower case. */
const keyOf = (userName: string | null | undefined): string | null => userName?.toLowerCase() ?? null;

const BY_SUBJECT = `SELECT ${USER_COLUMNS} FROM users WHERE app_id = $1 AND idp_id = $2 AND subject = $3`;
const BY_NAME = `SELECT ${USER_COLUMNS} FROM users WHERE app_id = $1 AND idp_id = $2 AND user_name_key = $3`;
const BY_ID = `SELECT ${USER_COLUMNS} FROM users WHERE id = $1 AND app_id = $2`;

export function userStore(db: Database): UserStore {
  const one = async (sql: string, ...values: unknown[]): Promise<UserWithGroups | null> => {
    const row = await db.get<UserRow>(sql, ...values);
    return row ? withGroups(db, row) : null;
  };

  return {
    seeUser: (appId, idpId, seen) =>
      db.transaction(async (queries) => {
        const name = keyOf(seen.userName);
        // One at a time for a name, so that whoever comes second finds it taken.
        if (name !== null) await queries.run("SELECT pg_advisory_xact_lock(hashtext($1), hashtext($2))", idpId, name);
        await queries.run(
          `INSERT INTO users (id, app_id, idp_id, subject, status, created_at) VALUES ($1, $2, $3, $4, 'active', $5)
           ON CONFLICT (app_id, idp_id, subject) DO NOTHING`,
          seen.newId,
          appId,
          idpId,
          seen.subject,
          seen.at,
        );
        const known = await queries.get<UserRow>(`${BY_SUBJECT} FOR UPDATE`, appId, idpId, seen.subject);
        if (!known) throw new Error("a user was neither made nor found");
        if (known.status === "deleted") return withGroups(queries, known);
        const { active, ...merged } = mergeSeen(known, known.active_in_directory, seen);
        const row = { ...known, ...merged, active_in_directory: active };
        if (row.user_name !== null) {
          const owner = await queries.get<UserRow>(BY_NAME, appId, idpId, keyOf(row.user_name));
          if (owner && owner.id !== row.id) {
            // Made above, and for nothing.
            if (known.id === seen.newId)
              await queries.run("DELETE FROM users WHERE id = $1 AND app_id = $2", known.id, appId);
            return null;
          }
        }
        await write(queries, row);
        if (seen.groups && row.said_at === seen.saidAt) await setGroups(queries, userFromRow(row), seen);
        return withGroups(queries, row);
      }),
    findUser: (appId, id) => one(BY_ID, id, appId),
    findUserBySubject: (appId, idpId, subject) => one(BY_SUBJECT, appId, idpId, subject),
    findUserByName: (appId, idpId, userName) => one(BY_NAME, appId, idpId, keyOf(userName)),
    async listUsers(appId, page) {
      const rows = await directoryPage<UserRow>(db, "users", USER_COLUMNS, appId, page);
      return Promise.all(rows.map((row) => withGroups(db, row)));
    },
    async countUsers(appId, idpId) {
      const sql = "SELECT count(*) AS n FROM users WHERE app_id = $1 AND idp_id = $2 AND status <> 'deleted'";
      return (await db.get<{ n: number }>(sql, appId, idpId))?.n ?? 0;
    },
    setUserStatus: (appId, id, status) =>
      db.transaction(async (queries) => {
        // Deleted is for good: an identity provider that brings the subject back means somebody the app must look at.
        await queries.run(
          "UPDATE users SET status = $1 WHERE id = $2 AND app_id = $3 AND status <> 'deleted'",
          status,
          id,
          appId,
        );
        if (status === "deleted") {
          const nameless = "UPDATE users SET user_name = NULL, user_name_key = NULL WHERE id = $1 AND app_id = $2";
          await queries.run(nameless, id, appId);
          await queries.run("DELETE FROM memberships WHERE app_id = $1 AND user_id = $2", appId, id);
        }
        const row = await queries.get<UserRow>(BY_ID, id, appId);
        return row ? withGroups(queries, row) : null;
      }),
  };
}

async function withGroups(queries: Queries, row: UserRow): Promise<UserWithGroups> {
  return { user: userFromRow(row), groups: await groupsOf(queries, row.app_id, row.id) };
}

async function write(queries: Queries, row: UserRow): Promise<void> {
  await queries.run(
    `UPDATE users SET email = $1, name = $2, last_seen_at = $3, active_in_directory = $4, user_name = $5,
       user_name_key = $6, said_at = $7 WHERE id = $8 AND app_id = $9`,
    row.email,
    row.name,
    row.last_seen_at,
    row.active_in_directory,
    row.user_name,
    keyOf(row.user_name),
    row.said_at,
    row.id,
    row.app_id,
  );
}
