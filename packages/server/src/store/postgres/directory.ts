import type {
  DirectoryPage,
  GroupRecord,
  IdentityStore,
  SeenUser,
  UserRecord,
  UserWithGroups,
} from "../identity-records.ts";
import type { Database, Queries } from "./database.ts";

/** Users and groups as their identity providers tell of them. */
const USER = `id, app_id AS "appId", idp_id AS "idpId", subject, email, name, status, created_at AS "createdAt",
  last_seen_at AS "lastSeenAt"`;
const GROUP = `id, app_id AS "appId", idp_id AS "idpId", external_id AS "externalId", name, created_at AS "createdAt"`;

type OfDirectory =
  | "seeUser"
  | "findUser"
  | "findUserBySubject"
  | "listUsers"
  | "setUserStatus"
  | "putGroup"
  | "findGroup"
  | "findGroupByExternalId"
  | "listGroups"
  | "countMembers"
  | "listMembers"
  | "setMembership"
  | "deleteGroup";

const groupsOf = (queries: Queries, appId: string, userId: string): Promise<GroupRecord[]> =>
  queries.all<GroupRecord>(
    `SELECT ${GROUP} FROM user_groups WHERE app_id = $1 AND id IN
       (SELECT group_id FROM memberships WHERE app_id = $1 AND user_id = $2) ORDER BY id`,
    appId,
    userId,
  );

async function putGroup(queries: Queries, group: GroupRecord): Promise<GroupRecord> {
  const row = await queries.get<GroupRecord>(
    `INSERT INTO user_groups VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (app_id, idp_id, external_id) DO UPDATE SET name = excluded.name RETURNING ${GROUP}`,
    group.id,
    group.appId,
    group.idpId,
    group.externalId,
    group.name,
    group.createdAt,
  );
  return row ?? group;
}

const join = (queries: Queries, appId: string, userId: string, groupId: string): Promise<number> =>
  queries.run("INSERT INTO memberships VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", appId, userId, groupId);

const BY_EXTERNAL_ID = `SELECT ${GROUP} FROM user_groups WHERE app_id = $1 AND idp_id = $2 AND external_id = $3`;

async function setGroups(queries: Queries, user: UserRecord, { groups = [], at }: SeenUser): Promise<void> {
  const { appId, idpId, id } = user;
  const wanted: string[] = [];
  // In one order everywhere, so that two sign-ins with the same new groups do not wait for each other.
  const sorted = groups.toSorted((one, other) => (one.externalId < other.externalId ? -1 : 1));
  for (const { newId, externalId, name } of sorted) {
    const known = await queries.get<GroupRecord>(BY_EXTERNAL_ID, appId, idpId, externalId);
    const group =
      known && (name === undefined || name === known.name)
        ? known
        : await putGroup(queries, { id: newId, appId, idpId, externalId, name: name ?? externalId, createdAt: at });
    wanted.push(group.id);
    await join(queries, appId, id, group.id);
  }
  await queries.run(
    "DELETE FROM memberships WHERE app_id = $1 AND user_id = $2 AND group_id <> ALL($3::text[])",
    appId,
    id,
    wanted,
  );
}

export function directoryStore(db: Database): Pick<IdentityStore, OfDirectory> {
  const withGroups = async (user: UserRecord | undefined): Promise<UserWithGroups | null> =>
    user ? { user, groups: await groupsOf(db, user.appId, user.id) } : null;
  const listPage = <T>(appId: string, table: "users" | "user_groups", columns: string, page: DirectoryPage) => {
    const { idpId, after, limit } = page;
    const values = [appId, after, limit, ...(idpId === null ? [] : [idpId])];
    return db.all<T>(
      `SELECT ${columns} FROM ${table} WHERE app_id = $1 AND id > $2 ${idpId === null ? "" : "AND idp_id = $4"}
       ORDER BY id LIMIT $3`,
      ...values,
    );
  };

  return {
    seeUser: (appId, idpId, seen) =>
      db.transaction(async (queries) => {
        const user = await queries.get<UserRecord>(
          `INSERT INTO users AS u VALUES ($1, $2, $3, $4, $5, $6, 'active', $7, $8)
           ON CONFLICT (app_id, idp_id, subject) DO UPDATE SET
             email = CASE WHEN $9::boolean THEN excluded.email ELSE u.email END,
             name = CASE WHEN $10::boolean THEN excluded.name ELSE u.name END,
             last_seen_at = coalesce(excluded.last_seen_at, u.last_seen_at)
           RETURNING ${USER}`,
          seen.newId,
          appId,
          idpId,
          seen.subject,
          seen.email ?? null,
          seen.name ?? null,
          seen.at,
          seen.signsIn ? seen.at : null,
          seen.email !== undefined,
          seen.name !== undefined,
        );
        if (!user) throw new Error("a user was neither made nor found");
        if (seen.groups) await setGroups(queries, user, seen);
        return { user, groups: await groupsOf(queries, appId, user.id) };
      }),
    async findUser(appId, id) {
      return withGroups(await db.get<UserRecord>(`SELECT ${USER} FROM users WHERE id = $1 AND app_id = $2`, id, appId));
    },
    async findUserBySubject(appId, idpId, subject) {
      const sql = `SELECT ${USER} FROM users WHERE app_id = $1 AND idp_id = $2 AND subject = $3`;
      return withGroups(await db.get<UserRecord>(sql, appId, idpId, subject));
    },
    async listUsers(appId, page) {
      const users = await listPage<UserRecord>(appId, "users", USER, page);
      return Promise.all(users.map(async (user) => ({ user, groups: await groupsOf(db, appId, user.id) })));
    },
    async setUserStatus(appId, id, status) {
      // Deleted is for good: an identity provider that brings the subject back means somebody the app must look at.
      await db.run(
        "UPDATE users SET status = $1 WHERE id = $2 AND app_id = $3 AND status <> 'deleted'",
        status,
        id,
        appId,
      );
      return withGroups(await db.get<UserRecord>(`SELECT ${USER} FROM users WHERE id = $1 AND app_id = $2`, id, appId));
    },

    putGroup: (group) => putGroup(db, group),
    async findGroup(appId, id) {
      const sql = `SELECT ${GROUP} FROM user_groups WHERE id = $1 AND app_id = $2`;
      return (await db.get<GroupRecord>(sql, id, appId)) ?? null;
    },
    async findGroupByExternalId(appId, idpId, externalId) {
      return (await db.get<GroupRecord>(BY_EXTERNAL_ID, appId, idpId, externalId)) ?? null;
    },
    listGroups: (appId, page) => listPage<GroupRecord>(appId, "user_groups", GROUP, page),
    async countMembers(appId, groupId) {
      const sql = "SELECT count(*) AS n FROM memberships WHERE app_id = $1 AND group_id = $2";
      return (await db.get<{ n: number }>(sql, appId, groupId))?.n ?? 0;
    },
    listMembers: (appId, groupId, after, limit) =>
      db.all<UserRecord>(
        `SELECT ${USER} FROM users WHERE app_id = $1 AND id IN
           (SELECT user_id FROM memberships WHERE app_id = $1 AND group_id = $2 AND user_id > $3 ORDER BY user_id LIMIT $4)
         ORDER BY id`,
        appId,
        groupId,
        after,
        limit,
      ),
    async setMembership(appId, groupId, userId, isMember) {
      if (isMember) await join(db, appId, userId, groupId);
      else {
        const sql = "DELETE FROM memberships WHERE app_id = $1 AND user_id = $2 AND group_id = $3";
        await db.run(sql, appId, userId, groupId);
      }
    },
    deleteGroup: (appId, id) =>
      db.transaction(async (queries) => {
        const sql = `DELETE FROM user_groups WHERE app_id = $1 AND id = $2 RETURNING ${GROUP}`;
        const group = await queries.get<GroupRecord>(sql, appId, id);
        if (!group) return null;
        await queries.run("DELETE FROM memberships WHERE app_id = $1 AND group_id = $2", appId, id);
        return group;
      }),
  };
}
