import type { GroupRecord, GroupStore, MembershipSource, SeenUser, UserRecord } from "../identity-records.ts";
import { userFromStored, type StoredUser } from "../seen-user.ts";
import type { Database, Queries } from "./database.ts";
import { directoryPage } from "./directory-page.ts";
import { USER } from "./user-row.ts";

const GROUP = `id, app_id AS "appId", idp_id AS "idpId", external_id AS "externalId", name, created_at AS "createdAt"`;
const BY_EXTERNAL_ID = `SELECT ${GROUP} FROM user_groups WHERE app_id = $1 AND idp_id = $2 AND external_id = $3`;

/** The groups of a user, whoever said that they are in them. */
export const groupsOf = (queries: Queries, appId: string, userId: string): Promise<GroupRecord[]> =>
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

async function join(
  queries: Queries,
  { appId, id }: Pick<UserRecord, "appId" | "id">,
  groupId: string,
  source: MembershipSource,
): Promise<void> {
  const sql = "INSERT INTO memberships VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
  await queries.run(sql, appId, id, groupId, source);
}

/** With the user locked: the memberships of one source become what is said. */
export async function setGroups(
  queries: Queries,
  user: Pick<UserRecord, "appId" | "idpId" | "id">,
  { groups = [], source, at }: Pick<SeenUser, "groups" | "source" | "at">,
): Promise<void> {
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
    await join(queries, user, group.id, source);
  }
  await queries.run(
    "DELETE FROM memberships WHERE app_id = $1 AND user_id = $2 AND source = $3 AND group_id <> ALL($4::text[])",
    appId,
    id,
    source,
    wanted,
  );
}

export function groupStore(db: Database): GroupStore {
  const one = async (where: string, ...values: string[]): Promise<GroupRecord | null> =>
    (await db.get<GroupRecord>(`SELECT ${GROUP} FROM user_groups WHERE ${where}`, ...values)) ?? null;
  const count = async (sql: string, ...values: string[]): Promise<number> =>
    (await db.get<{ n: number }>(sql, ...values))?.n ?? 0;

  return {
    putGroup: (group) => putGroup(db, group),
    findGroup: (appId, id) => one("id = $1 AND app_id = $2", id, appId),
    async findGroupByExternalId(appId, idpId, externalId) {
      return (await db.get<GroupRecord>(BY_EXTERNAL_ID, appId, idpId, externalId)) ?? null;
    },
    findGroupByName: (appId, idpId, name) =>
      one("app_id = $1 AND idp_id = $2 AND name = $3 ORDER BY id LIMIT 1", appId, idpId, name),
    listGroups: (appId, page) => directoryPage<GroupRecord>(db, "user_groups", GROUP, appId, page),
    countGroups: (appId, idpId) =>
      count("SELECT count(*) AS n FROM user_groups WHERE app_id = $1 AND idp_id = $2", appId, idpId),
    countMembers: (appId, groupId) =>
      count("SELECT count(DISTINCT user_id) AS n FROM memberships WHERE app_id = $1 AND group_id = $2", appId, groupId),
    async listMembers(appId, groupId, after, limit) {
      const users = await db.all<StoredUser>(
        `SELECT ${USER} FROM users WHERE app_id = $1 AND id IN
           (SELECT user_id FROM memberships WHERE app_id = $1 AND group_id = $2) AND id > $3 ORDER BY id LIMIT $4`,
        appId,
        groupId,
        after,
        limit,
      );
      return users.map(userFromStored);
    },
    async setMembership(appId, groupId, userId, isMember, at) {
      if (isMember) return join(db, { appId, id: userId }, groupId, "directory");
      await db.transaction(async (queries) => {
        // First, as it locks the user: a sign-in that is under way ends before, or knows of this.
        // One more: a token of the very same moment was issued before.
        await queries.run(
          "UPDATE users SET said_at = greatest(said_at, $1) WHERE app_id = $2 AND id = $3",
          at + 1,
          appId,
          userId,
        );
        const sql = "DELETE FROM memberships WHERE app_id = $1 AND user_id = $2 AND group_id = $3";
        await queries.run(sql, appId, userId, groupId);
      });
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
