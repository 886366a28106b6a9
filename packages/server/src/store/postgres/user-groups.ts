import type { DirectoryPage, GroupRecord, GroupStore, SeenUser, UserRecord } from "../identity-records.ts";
import type { Database, Queries } from "./database.ts";
import { USER_COLUMNS, userFromRow, type UserRow } from "./user-row.ts";

const GROUP = `id, app_id AS "appId", idp_id AS "idpId", external_id AS "externalId", name, created_at AS "createdAt"`;
const BY_EXTERNAL_ID = `SELECT ${GROUP} FROM user_groups WHERE app_id = $1 AND idp_id = $2 AND external_id = $3`;

/** The groups of a user, whoever said that they are in them. */
export function groupsOf(queries: Queries, appId: string, userId: string): Promise<GroupRecord[]> {
  return queries.all<GroupRecord>(
    `SELECT ${GROUP} FROM user_groups WHERE app_id = $1 AND id IN
       (SELECT group_id FROM memberships WHERE app_id = $1 AND user_id = $2) ORDER BY id`,
    appId,
    userId,
  );
}

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

/** Within a transaction: the memberships of one source become what is said. */
export async function setGroups(
  queries: Queries,
  { appId, idpId, id }: Pick<UserRecord, "appId" | "idpId" | "id">,
  { groups = [], source, at }: Pick<SeenUser, "groups" | "source" | "at">,
): Promise<void> {
  const wanted: string[] = [];
  // In one order everywhere, so that two sign-ins with the same new groups do not wait for each other.
  const sorted = groups.toSorted((one, other) => (one.externalId < other.externalId ? -1 : 1));
  for (const { newId, externalId, name } of sorted) {
    const known = await queries.get<GroupRecord>(BY_EXTERNAL_ID, appId, idpId, externalId);
    const isKnown = known && (name === undefined || name === known.name);
    const group = isKnown
      ? known
      : await putGroup(queries, { id: newId, appId, idpId, externalId, name: name ?? externalId, createdAt: at });
    wanted.push(group.id);
    await join(queries, appId, id, group.id, source);
  }
  await queries.run(
    "DELETE FROM memberships WHERE app_id = $1 AND user_id = $2 AND source = $3 AND group_id <> ALL($4::text[])",
    appId,
    id,
    source,
    wanted,
  );
}

function join(
  queries: Queries,
  appId: string,
  userId: string,
  groupId: string,
  source: SeenUser["source"],
): Promise<number> {
  const sql = `INSERT INTO memberships (app_id, user_id, group_id, source) VALUES ($1, $2, $3, $4)
    ON CONFLICT DO NOTHING`;
  return queries.run(sql, appId, userId, groupId, source);
}

/** A page of a table that belongs to the identity providers of an app. */
export function directoryPage<T>(
  queries: Queries,
  table: "users" | "user_groups",
  columns: string,
  appId: string,
  { idpId, after, limit, skip = 0, livingOnly = false }: DirectoryPage,
): Promise<T[]> {
  const values = [appId, after, limit, skip, ...(idpId === null ? [] : [idpId])];
  const ofIdp = idpId === null ? "" : "AND idp_id = $5";
  const living = livingOnly ? "AND status <> 'deleted'" : "";
  return queries.all<T>(
    `SELECT ${columns} FROM ${table} WHERE app_id = $1 AND id > $2 ${ofIdp} ${living} ORDER BY id LIMIT $3 OFFSET $4`,
    ...values,
  );
}

export function groupStore(db: Database): GroupStore {
  const one = async (sql: string, ...values: unknown[]): Promise<GroupRecord | null> =>
    (await db.get<GroupRecord>(sql, ...values)) ?? null;
  const count = async (sql: string, ...values: unknown[]): Promise<number> =>
    (await db.get<{ n: number }>(sql, ...values))?.n ?? 0;
  return {
    putGroup: (group) => putGroup(db, group),
    findGroup: (appId, id) => one(`SELECT ${GROUP} FROM user_groups WHERE id = $1 AND app_id = $2`, id, appId),
    findGroupByExternalId: (appId, idpId, externalId) => one(BY_EXTERNAL_ID, appId, idpId, externalId),
    findGroupByName: (appId, idpId, name) =>
      one(
        `SELECT ${GROUP} FROM user_groups WHERE app_id = $1 AND idp_id = $2 AND name = $3 ORDER BY id LIMIT 1`,
        appId,
        idpId,
        name,
      ),
    listGroups: (appId, page) => directoryPage<GroupRecord>(db, "user_groups", GROUP, appId, page),
    countGroups: (appId, idpId) =>
      count("SELECT count(*) AS n FROM user_groups WHERE app_id = $1 AND idp_id = $2", appId, idpId),
    countMembers: (appId, groupId) =>
      count("SELECT count(DISTINCT user_id) AS n FROM memberships WHERE app_id = $1 AND group_id = $2", appId, groupId),
    async listMembers(appId, groupId, after, limit) {
      const rows = await db.all<UserRow>(
        `SELECT ${USER_COLUMNS} FROM users WHERE app_id = $1 AND id IN
           (SELECT user_id FROM memberships WHERE app_id = $1 AND group_id = $2) AND id > $3 ORDER BY id LIMIT $4`,
        appId,
        groupId,
        after,
        limit,
      );
      return rows.map(userFromRow);
    },
    setMembership: (appId, groupId, userId, isMember, at) =>
      db.transaction(async (queries) => {
        if (isMember) {
          await join(queries, appId, userId, groupId, "directory");
          return;
        }
        const sql = "DELETE FROM memberships WHERE app_id = $1 AND user_id = $2 AND group_id = $3";
        // The user first, as everybody does who sees one: whoever comes second waits, and knows.
        await queries.run(
          "UPDATE users SET said_at = greatest(said_at, $1) WHERE app_id = $2 AND id = $3",
          // One more: a token of the very same moment was issued before.
          at + 1,
          appId,
          userId,
        );
        await queries.run(sql, appId, userId, groupId);
      }),
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
