import type { SQLInputValue } from "node:sqlite";
import type { GrantFilter, GrantRecord, GrantStore, GrantWithSecret } from "../store.ts";
import type { Database } from "./database.ts";
import { createHotRecords } from "./hot-records.ts";
import { listPage } from "./list-page.ts";
import { findCredential } from "./oauth-credentials.ts";
import { secretFromRow, type SecretRow } from "./secrets.ts";

export interface GrantRow {
  id: string;
  app_id: string;
  secret_id: string | null;
  provider: string;
  principal_type: GrantRecord["principalType"];
  label: string | null;
  status: GrantRecord["status"];
  allow_retrieve: number;
  created_at: number;
  expires_at: number | null;
  revoked_at: number | null;
  account_id: string | null;
  account_identifier: string | null;
  account_name: string | null;
  policy: string | null;
  data: string | null;
  principal_id: string | null;
}

export const grantFromRow = (row: GrantRow): GrantRecord => ({
  id: row.id,
  appId: row.app_id,
  secretId: row.secret_id,
  provider: row.provider,
  principalType: row.principal_type,
  principalId: row.principal_id,
  label: row.label,
  status: row.status,
  allowRetrieve: row.allow_retrieve === 1,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  revokedAt: row.revoked_at,
  account:
    row.account_id === null
      ? null
      : { id: row.account_id, identifier: row.account_identifier ?? row.account_id, name: row.account_name },
  policy: row.policy === null ? null : (JSON.parse(row.policy) as GrantRecord["policy"]),
  data: row.data === null ? null : (JSON.parse(row.data) as GrantRecord["data"]),
});

export function insertGrant(db: Database, grant: GrantRecord): void {
  db.run(
    "INSERT INTO grants VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    grant.id,
    grant.appId,
    grant.secretId,
    grant.provider,
    grant.principalType,
    grant.label,
    grant.status,
    grant.allowRetrieve ? 1 : 0,
    grant.createdAt,
    grant.expiresAt,
    grant.revokedAt,
    grant.account?.id ?? null,
    grant.account?.identifier ?? null,
    grant.account?.name ?? null,
    grant.policy === null ? null : JSON.stringify(grant.policy),
    grant.data === null ? null : JSON.stringify(grant.data),
    grant.principalId,
  );
}

export function findGrant(db: Database, appId: string, id: string): GrantRecord | null {
  const row = db.get<GrantRow>("SELECT * FROM grants WHERE id = ? AND app_id = ?", id, appId);
  return row ? grantFromRow(row) : null;
}

/** The grant with what it opens. */
export function withCredential(db: Database, grant: GrantRecord): GrantWithSecret {
  if (grant.secretId === null) return { grant, secret: null, oauth: findCredential(db, grant.appId, grant.id) };
  const row = db.get<SecretRow>("SELECT * FROM secrets WHERE id = ? AND app_id = ?", grant.secretId, grant.appId);
  return { grant, secret: row ? secretFromRow(row) : null, oauth: null };
}

export function grantStore(db: Database): GrantStore {
  const find = (appId: string, id: string): GrantRecord | null => findGrant(db, appId, id);
  const hot = createHotRecords<GrantWithSecret>(db, (id) => {
    const row = db.get<GrantRow>("SELECT * FROM grants WHERE id = ?", id);
    return row ? withCredential(db, grantFromRow(row)) : null;
  });
  return {
    async insertGrant(grant) {
      insertGrant(db, grant);
    },
    findGrant(appId, id) {
      const found = hot.find(id);
      return found?.grant.appId === appId ? found : null;
    },
    async findGrantsByProvider(appId, provider, principals, limit) {
      const found = principals.flatMap(({ type, id }) =>
        db.all<GrantRow>(
          `SELECT * FROM grants WHERE app_id = ? AND principal_type = ? AND coalesce(principal_id, '') = ? AND provider = ?
             AND status = 'active' ORDER BY id LIMIT ?`,
          appId,
          type,
          id ?? "",
          provider,
          limit,
        ),
      );
      return found
        .toSorted((a, b) => (a.id < b.id ? -1 : 1))
        .slice(0, limit)
        .map((row) => withCredential(db, grantFromRow(row)));
    },
    async findDelegatedGrants(appId, provider, agentId, now, limit) {
      return db
        .all<GrantRow>(
          `SELECT grants.* FROM delegations JOIN grants ON grants.id = delegations.grant_id
           WHERE delegations.app_id = ? AND delegations.agent_id = ? AND delegations.provider = ?
             AND delegations.revoked_at IS NULL AND (delegations.expires_at IS NULL OR delegations.expires_at > ?)
             AND grants.app_id = delegations.app_id AND grants.status = 'active'
           ORDER BY grants.id LIMIT ?`,
          appId,
          agentId,
          provider,
          now,
          limit,
        )
        .map((row) => withCredential(db, grantFromRow(row)));
    },
    async listGrants(appId, filter, page) {
      const { where, values } = grantWhere(appId, filter);
      const { rows, ...rest } = listPage<GrantRow>(db, "grants", where, values, page);
      return { records: rows.map((row) => withCredential(db, grantFromRow(row))), ...rest };
    },
    async updateGrant(appId, id, { label, allowRetrieve }) {
      return db.transaction(() => {
        const now = find(appId, id);
        if (!now) return null;
        db.run(
          "UPDATE grants SET label = ?, allow_retrieve = ? WHERE app_id = ? AND id = ?",
          label ?? now.label,
          (allowRetrieve ?? now.allowRetrieve) ? 1 : 0,
          appId,
          id,
        );
        return find(appId, id);
      });
    },
    async revokeGrant(appId, id, at) {
      const changed = db.run(
        "UPDATE grants SET status = 'revoked', revoked_at = ? WHERE app_id = ? AND id = ? AND status = 'active'",
        at,
        appId,
        id,
      );
      return changed === 1 ? find(appId, id) : null;
    },
    async setGrantData(appId, id, data) {
      const text = JSON.stringify(data);
      const changed = db.run(
        "UPDATE grants SET data = ? WHERE app_id = ? AND id = ? AND status <> 'deleted'",
        text,
        appId,
        id,
      );
      return changed === 1 ? find(appId, id) : null;
    },
  };
}

function grantWhere(
  appId: string,
  { provider, status, now, principals }: GrantFilter,
): { where: string; values: SQLInputValue[] } {
  const parts = ["app_id = ?"];
  const values: SQLInputValue[] = [appId];
  if (provider !== undefined) {
    parts.push("provider = ?");
    values.push(provider);
  }
  if (principals !== undefined) {
    const each = principals.map(() => "(principal_type = ? AND coalesce(principal_id, '') = ?)");
    parts.push(each.length === 0 ? "0" : `(${each.join(" OR ")})`);
    values.push(...principals.flatMap(({ type, id }) => [type, id ?? ""]));
  }
  if (status === "expired") {
    parts.push("status = 'active' AND expires_at <= ?");
    values.push(now);
  } else if (status === "active") {
    parts.push("status = 'active' AND (expires_at IS NULL OR expires_at > ?)");
    values.push(now);
  } else if (status !== undefined) {
    parts.push("status = ?");
    values.push(status);
  }
  return { where: parts.join(" AND "), values };
}
