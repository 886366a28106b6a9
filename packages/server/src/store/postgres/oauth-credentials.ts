import type { OAuthCredentialRecord, OAuthCredentialStore, OAuthGrantFilter } from "../oauth-records.ts";
import { credentialFromRow, credentialValues, type CredentialRow } from "../rows/credential-row.ts";
import { grantFromRow, type GrantRow } from "../rows/grant-row.ts";
import type { Database, Queries } from "./database.ts";
import { fromJoinedRow, GRANT_WITH_SECRET, insertGrant, type JoinedRow } from "./grant-row.ts";

/** Written over what is there, if anything is: then with a higher version than that, and nobody's lease. */
async function putCredential(queries: Queries, credential: OAuthCredentialRecord): Promise<void> {
  await queries.run(
    `INSERT INTO oauth_credentials AS there (id, app_id, provider, flow, version, sealed_tokens, asked_scopes,
       granted_scopes, variables, token_expires_at, refresh_expires_at, refresh_due_at, connected_at, refreshed_at, state,
       problem, failing_since, failures, lease_id, lease_until, user_id)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
     ON CONFLICT (id) DO UPDATE SET provider = excluded.provider, flow = excluded.flow,
       version = greatest(excluded.version, there.version + 1), sealed_tokens = excluded.sealed_tokens,
       asked_scopes = excluded.asked_scopes, granted_scopes = excluded.granted_scopes, variables = excluded.variables,
       token_expires_at = excluded.token_expires_at, refresh_expires_at = excluded.refresh_expires_at,
       refresh_due_at = excluded.refresh_due_at, connected_at = excluded.connected_at,
       refreshed_at = excluded.refreshed_at, state = excluded.state, problem = excluded.problem,
       failing_since = excluded.failing_since, failures = excluded.failures, lease_id = excluded.lease_id,
       lease_until = excluded.lease_until, user_id = excluded.user_id
     WHERE there.app_id = excluded.app_id`,
    ...credentialValues(credential),
  );
}

export function oauthCredentialStore(db: Database): OAuthCredentialStore {
  const find = async (appId: string, id: string): Promise<OAuthCredentialRecord | null> => {
    const sql = "SELECT * FROM oauth_credentials WHERE id = $1 AND app_id = $2";
    const row = await db.get<CredentialRow>(sql, id, appId);
    return row ? credentialFromRow(row) : null;
  };

  return {
    async findGrantByAccount(appId, provider, { type, id }, accountId) {
      const row = await db.get<JoinedRow>(
        `${GRANT_WITH_SECRET}
         WHERE g.app_id = $1 AND g.provider = $2 AND g.account_id = $3 AND g.status <> 'deleted'
           AND g.principal_type = $4 AND coalesce(g.principal_id, '') = $5`,
        appId,
        provider,
        accountId,
        type,
        id ?? "",
      );
      return row ? fromJoinedRow(row) : null;
    },
    insertOAuthGrant: (grant, credential) =>
      db.transaction(async (queries) => {
        if (!(await insertGrant(queries, grant))) return false;
        await putCredential(queries, credential);
        return true;
      }),
    reconnectGrant: (appId, id, { label, expiresAt, policy, account, data }, credential) =>
      db.transaction(async (queries) => {
        const row = await queries.get<GrantRow>(
          `UPDATE grants SET status = 'active', revoked_at = NULL, label = coalesce($1, label), expires_at = $2,
             policy = $3, account_id = $4, account_identifier = $5, account_name = $6, data = coalesce($7, data)
           WHERE app_id = $8 AND id = $9 AND status <> 'deleted' AND secret_id IS NULL RETURNING *`,
          label ?? null,
          expiresAt,
          policy === null ? null : JSON.stringify(policy),
          account.id,
          account.identifier,
          account.name,
          data ? JSON.stringify(data) : null,
          appId,
          id,
        );
        if (!row) return null;
        await putCredential(queries, { ...credential, id, appId });
        return grantFromRow(row);
      }),
    findOAuthCredential: find,
    async leaseOAuthCredential(appId, id, { version, leaseId, now, until }) {
      const leased = await db.get<CredentialRow>(
        `UPDATE oauth_credentials SET lease_id = $1, lease_until = $2, refresh_due_at = $2
         WHERE id = $3 AND app_id = $4 AND version = $5 AND (lease_id IS NULL OR lease_until IS NULL OR lease_until <= $6)
         RETURNING *`,
        leaseId,
        until,
        id,
        appId,
        version,
        now,
      );
      if (leased) return { got: "lease", credential: credentialFromRow(leased) };
      const credential = await find(appId, id);
      if (credential?.version !== version) return { got: "moved", credential };
      // Where the lease ended between the two looks, whoever waits for it asks again at once.
      return { got: "held", until: credential.leaseUntil ?? now };
    },
    async saveRefreshedTokens(appId, id, version, tokens) {
      const changed = await db.run(
        `UPDATE oauth_credentials SET version = version + 1, sealed_tokens = $1, granted_scopes = $2, variables = $3,
           token_expires_at = $4, refresh_expires_at = $5, refresh_due_at = $6, refreshed_at = $7, state = 'ok',
           problem = NULL, failing_since = NULL, failures = 0, lease_id = NULL, lease_until = NULL
         WHERE id = $8 AND app_id = $9 AND version = $10`,
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
      const changed = await db.run(
        `UPDATE oauth_credentials SET state = $1, problem = $2, refresh_due_at = $3, failures = failures + 1,
           failing_since = coalesce(failing_since, $4), lease_id = NULL, lease_until = NULL
         WHERE id = $5 AND app_id = $6 AND version = $7`,
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
    dueOAuthCredentials: (now, limit) =>
      db.all<{ appId: string; id: string }>(
        `SELECT app_id AS "appId", id FROM oauth_credentials WHERE refresh_due_at <= $1 ORDER BY refresh_due_at LIMIT $2`,
        now,
        limit,
      ),
    // Whoever holds one may be alive in another process. Leases run out by themselves.
    breakOAuthLeases: async () => [],
    endOAuthGrant: (appId, id, status, at) =>
      db.transaction(async (queries) => {
        const row = await queries.get<GrantRow>(
          `UPDATE grants SET status = $1, revoked_at = coalesce(revoked_at, $2)
           WHERE app_id = $3 AND id = $4 AND secret_id IS NULL AND status <> 'deleted' AND status <> $1 RETURNING *`,
          status,
          at,
          appId,
          id,
        );
        if (!row) return null;
        await queries.run("DELETE FROM oauth_credentials WHERE id = $1 AND app_id = $2", id, appId);
        return grantFromRow(row);
      }),
    async findOAuthGrants(appId, filter, after, limit) {
      const { where, values } = whereOf(appId, filter);
      const next = values.length + 1;
      const rows = await db.all<GrantRow>(
        `SELECT * FROM grants WHERE ${where} AND id > $${next} ORDER BY id LIMIT $${next + 1}`,
        ...values,
        after,
        limit,
      );
      return rows.map(grantFromRow);
    },
  };
}

function whereOf(appId: string, filter: OAuthGrantFilter): { where: string; values: unknown[] } {
  const parts = ["app_id = $1 AND secret_id IS NULL AND status = 'active'"];
  const values: unknown[] = [appId];
  const add = (condition: string, value: unknown): void => {
    if (value === undefined) return;
    values.push(value);
    parts.push(`${condition} $${values.length}`);
  };
  add("provider =", filter.provider);
  add("account_identifier =", filter.accountIdentifier);
  add("principal_type =", filter.principal?.type);
  add("coalesce(principal_id, '') =", filter.principal && (filter.principal.id ?? ""));
  add("created_at <", filter.createdBefore);
  add("created_at >=", filter.createdAfter);
  return { where: parts.join(" AND "), values };
}
