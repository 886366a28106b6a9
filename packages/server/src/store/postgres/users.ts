import type { SeenUser, UserStore, UserWithGroups } from "../identity-records.ts";
import { mergeSeen, nameKey, newUser, userFromStored, type StoredUser } from "../seen-user.ts";
import type { Database, Queries } from "./database.ts";
import { directoryPage } from "./directory-page.ts";
import { groupsOf, setGroups } from "./user-groups.ts";
import { USER } from "./user-row.ts";

const BY_ID = `SELECT ${USER} FROM users WHERE id = $1 AND app_id = $2`;
const BY_SUBJECT = `SELECT ${USER} FROM users WHERE app_id = $1 AND idp_id = $2 AND subject = $3`;
const BY_NAME = `SELECT ${USER} FROM users WHERE app_id = $1 AND idp_id = $2 AND user_name_key = $3`;

async function withGroups(queries: Queries, user: StoredUser | undefined): Promise<UserWithGroups | null> {
  return user ? { user: userFromStored(user), groups: await groupsOf(queries, user.appId, user.id) } : null;
}

/** Within a transaction. False when the subject is known meanwhile. */
async function insert(queries: Queries, user: StoredUser): Promise<boolean> {
  const inserted = await queries.run(
    `INSERT INTO users (id, app_id, idp_id, subject, email, name, status, created_at, last_seen_at,
       active_in_directory, user_name, user_name_key, said_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
     ON CONFLICT (app_id, idp_id, subject) DO NOTHING`,
    user.id,
    user.appId,
    user.idpId,
    user.subject,
    user.email,
    user.name,
    user.status,
    user.createdAt,
    user.lastSeenAt,
    user.activeInDirectory,
    user.userName,
    nameKey(user.userName),
    user.saidAt,
  );
  return inserted === 1;
}

async function update(queries: Queries, user: StoredUser): Promise<void> {
  await queries.run(
    `UPDATE users SET email = $1, name = $2, last_seen_at = $3, active_in_directory = $4, user_name = $5,
       user_name_key = $6, said_at = $7 WHERE id = $8 AND app_id = $9`,
    user.email,
    user.name,
    user.lastSeenAt,
    user.activeInDirectory,
    user.userName,
    nameKey(user.userName),
    user.saidAt,
    user.id,
    user.appId,
  );
}

/** Within a transaction: nobody else takes the name until it ends. Returns the id of who has it. */
async function lockName(queries: Queries, appId: string, idpId: string, userName: string): Promise<string | null> {
  const key = nameKey(userName);
  await queries.run("SELECT pg_advisory_xact_lock(hashtext($1), hashtext($2))", idpId, key);
  return (await queries.get<StoredUser>(BY_NAME, appId, idpId, key))?.id ?? null;
}

async function see(queries: Queries, appId: string, idpId: string, seen: SeenUser): Promise<UserWithGroups | null> {
  // Before the user, so that whoever holds a user never waits for a name.
  const owner = typeof seen.userName === "string" ? await lockName(queries, appId, idpId, seen.userName) : null;
  for (;;) {
    const known = await queries.get<StoredUser>(`${BY_SUBJECT} FOR UPDATE`, appId, idpId, seen.subject);
    if (known?.status === "deleted") return withGroups(queries, known);
    const user = mergeSeen(known ?? newUser(appId, idpId, seen), seen);
    if (owner !== null && owner !== user.id && user.userName === seen.userName) return null;
    if (known) await update(queries, user);
    else if (!(await insert(queries, user))) continue;
    if (seen.groups && user.saidAt === seen.saidAt) await setGroups(queries, user, seen);
    return withGroups(queries, user);
  }
}

export function userStore(db: Database): UserStore {
  const one = async (sql: string, ...values: (string | null)[]): Promise<UserWithGroups | null> =>
    withGroups(db, await db.get<StoredUser>(sql, ...values));

  return {
    seeUser: (appId, idpId, seen) => db.transaction((queries) => see(queries, appId, idpId, seen)),
    findUser: (appId, id) => one(BY_ID, id, appId),
    findUserBySubject: (appId, idpId, subject) => one(BY_SUBJECT, appId, idpId, subject),
    findUserByName: (appId, idpId, userName) => one(BY_NAME, appId, idpId, nameKey(userName)),
    async listUsers(appId, page) {
      const users = await directoryPage<StoredUser>(db, "users", USER, appId, page);
      return Promise.all(
        users.map(async (user) => ({ user: userFromStored(user), groups: await groupsOf(db, appId, user.id) })),
      );
    },
    async countUsers(appId, idpId) {
      const sql =
        "SELECT count(*) AS n FROM users WHERE app_id = $1 AND idp_id = $2 AND status NOT IN ('deleted', 'erased')";
      return (await db.get<{ n: number }>(sql, appId, idpId))?.n ?? 0;
    },
    setUserStatus: (appId, id, status) =>
      db.transaction(async (queries) => {
        // Deleted is for good: an identity provider that brings the subject back means somebody the app must look at.
        await queries.run(
          "UPDATE users SET status = $1 WHERE id = $2 AND app_id = $3 AND status NOT IN ('deleted', 'erased')",
          status,
          id,
          appId,
        );
        if (status === "deleted") {
          const sql = "UPDATE users SET user_name = NULL, user_name_key = NULL WHERE id = $1 AND app_id = $2";
          await queries.run(sql, id, appId);
          await queries.run("DELETE FROM memberships WHERE app_id = $1 AND user_id = $2", appId, id);
        }
        return withGroups(queries, await queries.get<StoredUser>(BY_ID, id, appId));
      }),
  };
}
