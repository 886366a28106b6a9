import type { Scope } from "@alter-vault/protocol";
import type {
  DirectoryPage,
  GroupRecord,
  IdentityStore,
  IdpRecord,
  SeenUser,
  UserRecord,
  UserWithGroups,
  VaultSessionRecord,
} from "../identity-records.ts";
import type { Database } from "./database.ts";

interface IdpRow {
  id: string;
  app_id: string;
  name: string;
  preset: string;
  issuer: string;
  audiences: string;
  authorized_parties: string;
  algorithms: string;
  jwks_url: string;
  claims: string;
  client_id: string | null;
  status: IdpRecord["status"];
  webhook_kind: IdpRecord["webhookKind"];
  sealed_secrets: Uint8Array;
  scim_token_hash: string | null;
  created_at: number;
  updated_at: number;
}

const idpFromRow = (row: IdpRow): IdpRecord => ({
  id: row.id,
  appId: row.app_id,
  name: row.name,
  preset: row.preset,
  issuer: row.issuer,
  audiences: JSON.parse(row.audiences) as string[],
  authorizedParties: JSON.parse(row.authorized_parties) as string[],
  algorithms: JSON.parse(row.algorithms) as IdpRecord["algorithms"],
  jwksUrl: row.jwks_url,
  claims: JSON.parse(row.claims) as IdpRecord["claims"],
  clientId: row.client_id,
  status: row.status,
  webhookKind: row.webhook_kind,
  sealedSecrets: row.sealed_secrets,
  scimTokenHash: row.scim_token_hash,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

const USER = `id, app_id AS appId, idp_id AS idpId, subject, email, name, status, created_at AS createdAt,
  last_seen_at AS lastSeenAt`;
const GROUP = "id, app_id AS appId, idp_id AS idpId, external_id AS externalId, name, created_at AS createdAt";

interface SessionRow {
  id: string;
  app_id: string;
  token_hash: string;
  user_id: string;
  agent_id: string | null;
  scopes: string;
  providers: string | null;
  grants: string | null;
  parent_id: string | null;
  created_at: number;
  expires_at: number;
  revoked_at: number | null;
}

const sessionFromRow = (row: SessionRow): VaultSessionRecord => ({
  id: row.id,
  appId: row.app_id,
  tokenHash: row.token_hash,
  userId: row.user_id,
  agentId: row.agent_id,
  scopes: JSON.parse(row.scopes) as Scope[],
  providers: row.providers === null ? null : (JSON.parse(row.providers) as string[]),
  grants: row.grants === null ? null : (JSON.parse(row.grants) as string[]),
  parentId: row.parent_id,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  revokedAt: row.revoked_at,
});

export function identityStore(db: Database): IdentityStore {
  const findIdp = (appId: string, id: string): IdpRecord | null => {
    const row = db.get<IdpRow>("SELECT * FROM identity_providers WHERE id = ? AND app_id = ?", id, appId);
    return row ? idpFromRow(row) : null;
  };
  const groupsOf = (appId: string, userId: string): GroupRecord[] =>
    db.all<GroupRecord>(
      `SELECT ${GROUP} FROM user_groups WHERE app_id = ? AND id IN
         (SELECT group_id FROM memberships WHERE app_id = ? AND user_id = ?) ORDER BY id`,
      appId,
      appId,
      userId,
    );
  const withGroups = (user: UserRecord | undefined): UserWithGroups | null =>
    user ? { user, groups: groupsOf(user.appId, user.id) } : null;
  const findUser = (appId: string, id: string): UserWithGroups | null =>
    withGroups(db.get<UserRecord>(`SELECT ${USER} FROM users WHERE id = ? AND app_id = ?`, id, appId));
  const findBySubject = (appId: string, idpId: string, subject: string): UserRecord | undefined =>
    db.get<UserRecord>(
      `SELECT ${USER} FROM users WHERE app_id = ? AND idp_id = ? AND subject = ?`,
      appId,
      idpId,
      subject,
    );
  const findGroup = (appId: string, id: string): GroupRecord | null =>
    db.get<GroupRecord>(`SELECT ${GROUP} FROM user_groups WHERE id = ? AND app_id = ?`, id, appId) ?? null;
  const groupByExternalId = (appId: string, idpId: string, externalId: string): GroupRecord | null =>
    db.get<GroupRecord>(
      `SELECT ${GROUP} FROM user_groups WHERE app_id = ? AND idp_id = ? AND external_id = ?`,
      appId,
      idpId,
      externalId,
    ) ?? null;
  const findSession = (appId: string, id: string): VaultSessionRecord | null => {
    const row = db.get<SessionRow>("SELECT * FROM vault_sessions WHERE id = ? AND app_id = ?", id, appId);
    return row ? sessionFromRow(row) : null;
  };

  function putGroup({ id, appId, idpId, externalId, name, createdAt }: GroupRecord): GroupRecord {
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
    return groupByExternalId(appId, idpId, externalId) ?? { id, appId, idpId, externalId, name, createdAt };
  }

  function join(appId: string, userId: string, groupId: string): void {
    db.run("INSERT INTO memberships VALUES (?, ?, ?) ON CONFLICT DO NOTHING", appId, userId, groupId);
  }

  function setGroups(user: UserRecord, { groups = [], at }: SeenUser): void {
    const { appId, idpId, id } = user;
    const wanted = new Set<string>();
    for (const { newId, externalId, name } of groups) {
      const known = groupByExternalId(appId, idpId, externalId);
      const group =
        known && (name === undefined || name === known.name)
          ? known
          : putGroup({ id: newId, appId, idpId, externalId, name: name ?? externalId, createdAt: at });
      wanted.add(group.id);
      join(appId, id, group.id);
    }
    for (const { id: groupId } of groupsOf(appId, id)) {
      if (wanted.has(groupId)) continue;
      db.run("DELETE FROM memberships WHERE app_id = ? AND user_id = ? AND group_id = ?", appId, id, groupId);
    }
  }

  return {
    async insertIdp(idp) {
      const inserted = db.run(
        "INSERT INTO identity_providers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        idp.id,
        idp.appId,
        idp.name,
        idp.preset,
        idp.issuer,
        JSON.stringify(idp.audiences),
        JSON.stringify(idp.authorizedParties),
        JSON.stringify(idp.algorithms),
        idp.jwksUrl,
        JSON.stringify(idp.claims),
        idp.clientId,
        idp.status,
        idp.webhookKind,
        idp.sealedSecrets,
        idp.scimTokenHash,
        idp.createdAt,
        idp.updatedAt,
      );
      return inserted === 1;
    },
    findIdp: async (appId, id) => findIdp(appId, id),
    async findIdpById(id) {
      const row = db.get<IdpRow>("SELECT * FROM identity_providers WHERE id = ?", id);
      return row ? idpFromRow(row) : null;
    },
    async findIdpByIssuer(appId, issuer) {
      const row = db.get<IdpRow>("SELECT * FROM identity_providers WHERE app_id = ? AND issuer = ?", appId, issuer);
      return row ? idpFromRow(row) : null;
    },
    async listIdps(appId) {
      return db.all<IdpRow>("SELECT * FROM identity_providers WHERE app_id = ? ORDER BY id", appId).map(idpFromRow);
    },
    async updateIdp(idp) {
      const changed = db.run(
        `UPDATE identity_providers SET name = ?, preset = ?, audiences = ?, authorized_parties = ?, algorithms = ?,
           jwks_url = ?, claims = ?, client_id = ?, status = ?, webhook_kind = ?, sealed_secrets = ?,
           scim_token_hash = ?, updated_at = ? WHERE id = ? AND app_id = ?`,
        idp.name,
        idp.preset,
        JSON.stringify(idp.audiences),
        JSON.stringify(idp.authorizedParties),
        JSON.stringify(idp.algorithms),
        idp.jwksUrl,
        JSON.stringify(idp.claims),
        idp.clientId,
        idp.status,
        idp.webhookKind,
        idp.sealedSecrets,
        idp.scimTokenHash,
        idp.updatedAt,
        idp.id,
        idp.appId,
      );
      return changed === 1 ? findIdp(idp.appId, idp.id) : null;
    },
    async deleteIdp(appId, id) {
      return db.transaction(() => {
        const idp = findIdp(appId, id);
        if (idp) db.run("DELETE FROM identity_providers WHERE id = ? AND app_id = ?", id, appId);
        return idp;
      });
    },
    async hasUsers(appId, idpId) {
      return db.get("SELECT 1 FROM users WHERE app_id = ? AND idp_id = ? LIMIT 1", appId, idpId) !== undefined;
    },

    async seeUser(appId, idpId, seen) {
      return db.transaction(() => {
        const known = findBySubject(appId, idpId, seen.subject);
        const user: UserRecord = {
          id: known?.id ?? seen.newId,
          appId,
          idpId,
          subject: seen.subject,
          email: seen.email === undefined ? (known?.email ?? null) : seen.email,
          name: seen.name === undefined ? (known?.name ?? null) : seen.name,
          status: known?.status ?? "active",
          createdAt: known?.createdAt ?? seen.at,
          lastSeenAt: seen.signsIn ? seen.at : (known?.lastSeenAt ?? null),
        };
        db.run(
          `INSERT INTO users VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT (app_id, idp_id, subject) DO UPDATE SET email = excluded.email, name = excluded.name,
             last_seen_at = excluded.last_seen_at`,
          user.id,
          appId,
          idpId,
          user.subject,
          user.email,
          user.name,
          user.status,
          user.createdAt,
          user.lastSeenAt,
        );
        if (seen.groups) setGroups(user, seen);
        return { user, groups: groupsOf(appId, user.id) };
      });
    },
    findUser: async (appId, id) => findUser(appId, id),
    findUserBySubject: async (appId, idpId, subject) => withGroups(findBySubject(appId, idpId, subject)),
    async listUsers(appId, page) {
      return listPage<UserRecord>(appId, "users", USER, page).flatMap((user) => withGroups(user) ?? []);
    },
    async setUserStatus(appId, id, status) {
      // Deleted is for good: an identity provider that brings the subject back means somebody the app must look at.
      db.run("UPDATE users SET status = ? WHERE id = ? AND app_id = ? AND status <> 'deleted'", status, id, appId);
      return findUser(appId, id);
    },

    putGroup: async (group) => putGroup(group),
    findGroup: async (appId, id) => findGroup(appId, id),
    findGroupByExternalId: async (appId, idpId, externalId) => groupByExternalId(appId, idpId, externalId),
    listGroups: async (appId, page) => listPage<GroupRecord>(appId, "user_groups", GROUP, page),
    async countMembers(appId, groupId) {
      const row = db.get<{ n: number }>(
        "SELECT count(*) AS n FROM memberships WHERE app_id = ? AND group_id = ?",
        appId,
        groupId,
      );
      return row?.n ?? 0;
    },
    async listMembers(appId, groupId, after, limit) {
      return db.all<UserRecord>(
        `SELECT ${USER} FROM users WHERE app_id = ? AND id IN
           (SELECT user_id FROM memberships WHERE app_id = ? AND group_id = ? AND user_id > ? ORDER BY user_id LIMIT ?)
         ORDER BY id`,
        appId,
        appId,
        groupId,
        after,
        limit,
      );
    },
    async setMembership(appId, groupId, userId, isMember) {
      if (isMember) join(appId, userId, groupId);
      else db.run("DELETE FROM memberships WHERE app_id = ? AND user_id = ? AND group_id = ?", appId, userId, groupId);
    },
    async deleteGroup(appId, id) {
      return db.transaction(() => {
        const group = findGroup(appId, id);
        if (!group) return null;
        db.run("DELETE FROM memberships WHERE app_id = ? AND group_id = ?", appId, id);
        db.run("DELETE FROM user_groups WHERE app_id = ? AND id = ?", appId, id);
        return group;
      });
    },

    async insertVaultSession(session) {
      db.run(
        "INSERT INTO vault_sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        session.id,
        session.appId,
        session.tokenHash,
        session.userId,
        session.agentId,
        JSON.stringify(session.scopes),
        session.providers === null ? null : JSON.stringify(session.providers),
        session.grants === null ? null : JSON.stringify(session.grants),
        session.parentId,
        session.createdAt,
        session.expiresAt,
        session.revokedAt,
      );
    },
    async findVaultSession(tokenHash) {
      const row = db.get<SessionRow>("SELECT * FROM vault_sessions WHERE token_hash = ?", tokenHash);
      return row ? sessionFromRow(row) : null;
    },
    findVaultSessionById: async (appId, id) => findSession(appId, id),
    async revokeVaultSession(appId, id, at) {
      db.run(
        "UPDATE vault_sessions SET revoked_at = coalesce(revoked_at, ?) WHERE id = ? AND app_id = ?",
        at,
        id,
        appId,
      );
      return findSession(appId, id);
    },
    async forgetVaultSessions(expiredBefore, limit) {
      return db.run(
        "DELETE FROM vault_sessions WHERE id IN (SELECT id FROM vault_sessions WHERE expires_at < ? LIMIT ?)",
        expiredBefore,
        limit,
      );
    },
  };

  function listPage<T>(appId: string, table: "users" | "user_groups", columns: string, page: DirectoryPage): T[] {
    const { idpId, after, limit } = page;
    const where = idpId === null ? "" : "AND idp_id = ?";
    const values = idpId === null ? [appId, after, limit] : [appId, after, idpId, limit];
    return db.all<T>(
      `SELECT ${columns} FROM ${table} WHERE app_id = ? AND id > ? ${where} ORDER BY id LIMIT ?`,
      ...values,
    );
  }
}
