import type { SQLInputValue } from "node:sqlite";
import { credentialFromRow, credentialValues, type CredentialRow } from "../rows/credential-row.ts";
import { grantFromRow, type GrantRow } from "../rows/grant-row.ts";
import type { Lease, OAuthCredentialRecord, OAuthCredentialStore, OAuthGrantFilter } from "../oauth-records.ts";
import type { Principal } from "../grant-records.ts";
import type { Database } from "./database.ts";
import { findGrant, insertGrant, withCredential } from "./grants.ts";

export function findCredential(db: Database, appId: string, id: string): OAuthCredentialRecord | null {
  const row = db.get<CredentialRow>("SELECT * FROM oauth_credentials WHERE id = ? AND app_id = ?", id, appId);
  return row ? credentialFromRow(row) : null;
}

function insertCredential(db: Database, credential: OAuthCredentialRecord): void {
  db.run(
    "INSERT INTO oauth_credentials VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    ...credentialValues(credential),
  );
}

export function oauthCredentialStore(db: Database): OAuthCredentialStore {
  const ofAccount = (
    appId: string,
    provider: string,
    { type, id }: Principal,
    accountId: string,
  ): GrantRow | undefined =>
    db.get<GrantRow>(
      `SELECT * FROM grants WHERE app_id = ? AND provider = ? AND account_id = ? AND status <> 'deleted'
         AND principal_type = ? AND coalesce(principal_id, '') = ?`,
      appId,
      provider,
      accountId,
      type,
      id ?? "",
    );

  return {
    async findGrantByAccount(appId, provider, principal, accountId) {
      const row = ofAccount(appId, provider, principal, accountId);
      return row ? withCredential(db, grantFromRow(row)) : null;
    },
    async insertOAuthGrant(grant, credential) {
      return db.transaction(() => {
        const principal = { type: grant.principalType, id: grant.principalId };
        if (grant.account && ofAccount(grant.appId, grant.provider, principal, grant.account.id)) return false;
        insertGrant(db, grant);
        insertCredential(db, credential);
        return true;
      });
    },
    async reconnectGrant(appId, id, { label, expiresAt, policy, account, data }, credential) {
      return db.transaction(() => {
        const now = findGrant(db, appId, id);
        if (!now || now.status === "deleted" || now.secretId !== null) return null;
        db.run(
          `UPDATE grants SET status = 'active', revoked_at = NULL, label = ?, expires_at = ?, policy = ?, account_id = ?,
             account_identifier = ?, account_name = ?, data = ? WHERE app_id = ? AND id = ?`,
          label ?? now.label,
          expiresAt,
          policy === null ? null : JSON.stringify(policy),
          account.id,
          account.identifier,
          account.name,
          JSON.stringify(data ?? now.data),
          appId,
          id,
        );
        const before = findCredential(db, appId, id);
        db.run("DELETE FROM oauth_credentials WHERE id = ? AND app_id = ?", id, appId);
        insertCredential(db, {
          ...credential,
          id,
          appId,
          version: Math.max(credential.version, (before?.version ?? 0) + 1),
        });
        return findGrant(db, appId, id);
      });
    },
    findOAuthCredential: async (appId, id) => findCredential(db, appId, id),
    async leaseOAuthCredential(appId, id, { version, leaseId, now, until }) {
      return db.transaction((): Lease => {
        const credential = findCredential(db, appId, id);
        if (!credential || credential.version !== version) return { got: "moved", credential };
        if (credential.leaseId !== null && credential.leaseUntil !== null && credential.leaseUntil > now) {
          return { got: "held", until: credential.leaseUntil };
        }
        db.run(
          "UPDATE oauth_credentials SET lease_id = ?, lease_until = ?, refresh_due_at = ? WHERE id = ? AND app_id = ?",
          leaseId,
          until,
          until,
          id,
          appId,
        );
        return { got: "lease", credential: { ...credential, leaseId, leaseUntil: until, refreshDueAt: until } };
      });
    },
    async saveRefreshedTokens(appId, id, version, tokens) {
      const changed = db.run(
        `UPDATE oauth_credentials SET version = version + 1, sealed_tokens = ?, granted_scopes = ?, variables = ?,
           token_expires_at = ?, refresh_expires_at = ?, refresh_due_at = ?, refreshed_at = ?, state = 'ok', problem = NULL,
           failing_since = NULL, failures = 0, lease_id = NULL, lease_until = NULL
         WHERE id = ? AND app_id = ? AND version = ?`,
        tokens.sealedTokens,
        JSON.stringify(tokens.grantedScopes),
        JSON.stringify(tokens.variables),
        tokens.tokenExpiresAt,
        tokens.refreshExpiresAt,
        tokens.refreshDueAt,
        tokens.at,
        id,
        appId,
        version,
      );
      return changed === 1;
    },
    async saveRefreshFailure(appId, id, version, { state, problem, refreshDueAt, at }) {
      const changed = db.run(
        `UPDATE oauth_credentials SET state = ?, problem = ?, refresh_due_at = ?, failures = failures + 1,
           failing_since = coalesce(failing_since, ?), lease_id = NULL, lease_until = NULL
         WHERE id = ? AND app_id = ? AND version = ?`,
        state,
        problem,
        refreshDueAt,
        at,
        id,
        appId,
        version,
      );
      return changed === 1;
    },
    async dueOAuthCredentials(now, limit) {
      return db.all<{ appId: string; id: string }>(
        `SELECT app_id AS appId, id FROM oauth_credentials WHERE refresh_due_at <= ? ORDER BY refresh_due_at LIMIT ?`,
        now,
        limit,
      );
    },
    async breakOAuthLeases() {
      return db.transaction(() => {
        const held = db.all<{ appId: string; id: string }>(
          "SELECT app_id AS appId, id FROM oauth_credentials WHERE lease_id IS NOT NULL",
        );
        for (const { appId, id } of held) {
          db.run(
            "UPDATE oauth_credentials SET lease_id = NULL, lease_until = NULL, refresh_due_at = 0 WHERE id = ? AND app_id = ?",
            id,
            appId,
          );
        }
        return held;
      });
    },
    async endOAuthGrant(appId, id, status, at) {
      return db.transaction(() => {
        const grant = findGrant(db, appId, id);
        if (!grant || grant.secretId !== null || grant.status === "deleted") return null;
        if (status === "revoked" && grant.status === "revoked") return null;
        db.run(
          "UPDATE grants SET status = ?, revoked_at = coalesce(revoked_at, ?) WHERE app_id = ? AND id = ?",
          status,
          at,
          appId,
          id,
        );
        db.run("DELETE FROM oauth_credentials WHERE id = ? AND app_id = ?", id, appId);
        return findGrant(db, appId, id);
      });
    },
    async findOAuthGrants(appId, filter, after, limit) {
      const { where, values } = whereOf(appId, filter);
      return db
        .all<GrantRow>(`SELECT * FROM grants WHERE ${where} AND id > ? ORDER BY id LIMIT ?`, ...values, after, limit)
        .map(grantFromRow);
    },
  };
}

function whereOf(appId: string, filter: OAuthGrantFilter): { where: string; values: SQLInputValue[] } {
  const parts = ["app_id = ? AND secret_id IS NULL AND status = 'active'"];
  const values: SQLInputValue[] = [appId];
  const add = (condition: string, value: SQLInputValue | undefined): void => {
    if (value === undefined) return;
    parts.push(condition);
    values.push(value);
  };
  add("provider = ?", filter.provider);
  add("account_identifier = ?", filter.accountIdentifier);
  if (filter.principal) {
    parts.push("principal_type = ? AND coalesce(principal_id, '') = ?");
    values.push(filter.principal.type, filter.principal.id ?? "");
  }
  add("created_at < ?", filter.createdBefore);
  add("created_at >= ?", filter.createdAfter);
  return { where: parts.join(" AND "), values };
}
