import type { SQLInputValue } from "node:sqlite";
import type { GrantFilter, GrantRecord, GrantStore, GrantWithSecret } from "../store.ts";
import type { Database } from "./database.ts";
import { createHotRecords } from "./hot-records.ts";
import { listPage } from "./list-page.ts";
import { secretFromRow, type SecretRow } from "./secrets.ts";

interface Row {
  id: string;
  app_id: string;
  secret_id: string;
  provider: string;
  principal_type: "system";
  label: string | null;
  status: GrantRecord["status"];
  allow_retrieve: number;
  created_at: number;
  expires_at: number | null;
  revoked_at: number | null;
}

const fromRow = (row: Row): GrantRecord => ({
  id: row.id,
  appId: row.app_id,
  secretId: row.secret_id,
  provider: row.provider,
  principalType: row.principal_type,
  label: row.label,
  status: row.status,
  allowRetrieve: row.allow_retrieve === 1,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  revokedAt: row.revoked_at,
});

export function insertGrant(db: Database, grant: GrantRecord): void {
  db.run(
    "INSERT INTO grants VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
  );
}

export function grantStore(db: Database): GrantStore {
  const find = (appId: string, id: string): GrantRecord | null => {
    const row = db.get<Row>("SELECT * FROM grants WHERE id = ? AND app_id = ?", id, appId);
    return row ? fromRow(row) : null;
  };
  const withSecret = (grant: GrantRecord): GrantWithSecret => {
    const row = db.get<SecretRow>("SELECT * FROM secrets WHERE id = ? AND app_id = ?", grant.secretId, grant.appId);
    return { grant, secret: row ? secretFromRow(row) : null };
  };
  const hot = createHotRecords<GrantWithSecret>(db, (id) => {
    const row = db.get<Row>("SELECT * FROM grants WHERE id = ?", id);
    return row ? withSecret(fromRow(row)) : null;
  });
  return {
    async insertGrant(grant) {
      insertGrant(db, grant);
    },
    findGrant(appId, id) {
      const found = hot.find(id);
      return found?.grant.appId === appId ? found : null;
    },
    async findGrantsByProvider(appId, provider, limit) {
      return db
        .all<Row>(
          "SELECT * FROM grants WHERE app_id = ? AND provider = ? AND status = 'active' ORDER BY id LIMIT ?",
          appId,
          provider,
          limit,
        )
        .map((row) => withSecret(fromRow(row)));
    },
    async listGrants(appId, filter, page) {
      const { where, values } = grantWhere(appId, filter);
      const { rows, ...rest } = listPage<Row>(db, "grants", where, values, page);
      return { records: rows.map(fromRow), ...rest };
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
  };
}

function grantWhere(appId: string, { provider, status, now }: GrantFilter): { where: string; values: SQLInputValue[] } {
  const parts = ["app_id = ?"];
  const values: SQLInputValue[] = [appId];
  if (provider !== undefined) {
    parts.push("provider = ?");
    values.push(provider);
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
