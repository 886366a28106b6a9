import type { SQLInputValue } from "node:sqlite";
import type { DirectoryPage, GroupRecord, GroupStore, SeenUser, UserRecord } from "../identity-records.ts";
import { userFromStored } from "../seen-user.ts";
import type { Database } from "./database.ts";
import { storedFromRow, USER_COLUMNS, type UserRow } from "./user-row.ts";

const GROUP = "id, app_id AS appId, idp_id AS idpId, external_id AS externalId, name, created_at AS createdAt";

/** The groups of a user, whoever said that they are in them. */
export function groupsOf(db: Database, appId: string, userId: string): GroupRecord[] {
  return db.all<GroupRecord>(
    `SELECT ${GROUP} FROM user_groups WHERE app_id = ? AND id IN
       (SELECT group_id FROM memberships WHERE app_id = ? AND user_id = ?) ORDER BY id`,
    appId,
    appId,
    userId,
  );
}

function findByExternalId(db: Database, appId: string, idpId: string, externalId: string): GroupRecord | null {
  return (
    db.get<GroupRecord>(
      `SELECT ${GROUP} FROM user_groups WHERE app_id = ? AND idp_id = ? AND external_id = ?`,
      appId,
      idpId,
      externalId,
    ) ?? null
  );
}

function putGroup(db: Database, group: GroupRecord): GroupRecord {
  const { id, appId, idpId, externalId, name, createdAt } = group;
  db.run(
    `INSERT INTO user_groups VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (app_id, idp_id, external_id) DO UPDATE SET name = excluded.name`,
    id,
    appId,
    idpId,
    externalId,
    name,
    createdAt,
  );
  return findByExternalId(db, appId, idpId, externalId) ?? group;
}

/** Within a transaction: the memberships of one source become what is said. */
export function setGroups(
  db: Database,
  { appId, idpId, id }: Pick<UserRecord, "appId" | "idpId" | "id">,
  { groups = [], source, at }: Pick<SeenUser, "groups" | "source" | "at">,
): void {
  const wanted = new Set<string>();
  for (const { newId, externalId, name } of groups) {
    const known = findByExternalId(db, appId, idpId, externalId);
    const isKnown = known && (name === undefined || name === known.name);
    const group = isKnown
      ? known
      : putGroup(db, { id: newId, appId, idpId, externalId, name: name ?? externalId, createdAt: at });
    wanted.add(group.id);
    db.run("INSERT INTO memberships VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", appId, id, group.id, source);
  }
  const before = db.all<{ group_id: string }>(
    "SELECT group_id FROM memberships WHERE app_id = ? AND user_id = ? AND source = ?",
    appId,
    id,
    source,
  );
  for (const { group_id } of before) {
    if (wanted.has(group_id)) continue;
    db.run(
      "DELETE FROM memberships WHERE app_id = ? AND user_id = ? AND group_id = ? AND source = ?",
      appId,
      id,
      group_id,
      source,
    );
  }
}

/** A page of a table that belongs to the identity providers of an app. */
export function directoryPage<T>(
  db: Database,
  table: "users" | "user_groups",
  columns: string,
  appId: string,
  { idpId, after, limit, skip = 0, livingOnly = false }: DirectoryPage,
): T[] {
  const values: SQLInputValue[] = [appId, after, ...(idpId === null ? [] : [idpId]), limit, skip];
  const ofIdp = idpId === null ? "" : "AND idp_id = ?";
  const living = livingOnly ? "AND status NOT IN ('deleted', 'erased')" : "";
  return db.all<T>(
    `SELECT ${columns} FROM ${table} WHERE app_id = ? AND id > ? ${ofIdp} ${living} ORDER BY id LIMIT ? OFFSET ?`,
    ...values,
  );
}

export function groupStore(db: Database): GroupStore {
  const find = (appId: string, id: string): GroupRecord | null =>
    db.get<GroupRecord>(`SELECT ${GROUP} FROM user_groups WHERE id = ? AND app_id = ?`, id, appId) ?? null;
  return {
    putGroup: async (group) => putGroup(db, group),
    findGroup: async (appId, id) => find(appId, id),
    findGroupByExternalId: async (appId, idpId, externalId) => findByExternalId(db, appId, idpId, externalId),
    async findGroupByName(appId, idpId, name) {
      const sql = `SELECT ${GROUP} FROM user_groups WHERE app_id = ? AND idp_id = ? AND name = ? ORDER BY id LIMIT 1`;
      return db.get<GroupRecord>(sql, appId, idpId, name) ?? null;
    },
    listGroups: async (appId, page) => directoryPage<GroupRecord>(db, "user_groups", GROUP, appId, page),
    async countGroups(appId, idpId) {
      const sql = "SELECT count(*) AS n FROM user_groups WHERE app_id = ? AND idp_id = ?";
      return db.get<{ n: number }>(sql, appId, idpId)?.n ?? 0;
    },
    async countMembers(appId, groupId) {
      const sql = "SELECT count(DISTINCT user_id) AS n FROM memberships WHERE app_id = ? AND group_id = ?";
      return db.get<{ n: number }>(sql, appId, groupId)?.n ?? 0;
    },
    async listMembers(appId, groupId, after, limit) {
      return db
        .all<UserRow>(
          `SELECT ${USER_COLUMNS} FROM users WHERE app_id = ? AND id IN
             (SELECT user_id FROM memberships WHERE app_id = ? AND group_id = ?) AND id > ? ORDER BY id LIMIT ?`,
          appId,
          appId,
          groupId,
          after,
          limit,
        )
        .map((row) => userFromStored(storedFromRow(row)));
    },
    async setMembership(appId, groupId, userId, isMember, at) {
      db.transaction(() => {
        if (isMember) {
          db.run(
            "INSERT INTO memberships VALUES (?, ?, ?, 'directory') ON CONFLICT DO NOTHING",
            appId,
            userId,
            groupId,
          );
          return;
        }
        db.run("DELETE FROM memberships WHERE app_id = ? AND user_id = ? AND group_id = ?", appId, userId, groupId);
        // One more: a token of the very same moment was issued before.
        db.run("UPDATE users SET said_at = max(said_at, ?) WHERE app_id = ? AND id = ?", at + 1, appId, userId);
      });
    },
    async deleteGroup(appId, id) {
      return db.transaction(() => {
        const group = find(appId, id);
        if (!group) return null;
        db.run("DELETE FROM memberships WHERE app_id = ? AND group_id = ?", appId, id);
        db.run("DELETE FROM user_groups WHERE app_id = ? AND id = ?", appId, id);
        return group;
      });
    },
  };
}
