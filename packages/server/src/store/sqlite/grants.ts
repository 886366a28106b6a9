import type { SQLInputValue } from "node:sqlite";
import type { Delegated, GrantFilter, GrantRecord, GrantStore, GrantWithSecret } from "../grant-records.ts";
import { grantFromRow, grantValues, type GrantRow } from "../rows/grant-row.ts";
import { secretFromRow, type SecretRow } from "../rows/secret-row.ts";
import type { Database } from "./database.ts";
import { createHotRecords } from "./hot-records.ts";
import { listPage } from "./list-page.ts";
import { findCredential } from "./oauth-credentials.ts";

export function insertGrant(db: Database, grant: GrantRecord): void {
  db.run("INSERT INTO grants VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", ...grantValues(grant));
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
    async findGrantsByProvider(appId, { provider, account }, principals, limit) {
      const found = principals.flatMap(({ type, id }) =>
        db.all<{ id: string }>(
          `SELECT id FROM grants WHERE app_id = ? AND principal_type = ? AND coalesce(principal_id, '') = ?
             AND provider = ? AND status = 'active' ${ofAccount(account)} ORDER BY id LIMIT ?`,
          appId,
          type,
          id ?? "",
          provider,
          ...accountValues(account),
          limit,
        ),
      );
      return found
        .toSorted((a, b) => (a.id < b.id ? -1 : 1))
        .slice(0, limit)
        .flatMap(({ id }) => hot.find(id) ?? []);
    },
    async findDelegatedGrants(appId, { provider, account }, delegated, now, limit) {
      const { agentId, userId } = delegated;
      if (userId !== undefined) {
        // What one user lent is little, and an index knows it whole; the grants are mostly in memory.
        return db
          .all<{ id: string; delegationId: string }>(
            `SELECT grant_id AS id, id AS delegationId FROM delegations AS d
             WHERE app_id = ? AND user_id = ? AND agent_id = ? AND provider = ? AND ${LIVING_DELEGATION} ORDER BY grant_id`,
            appId,
            userId,
            agentId,
            provider,
            now,
          )
          .flatMap(({ id, delegationId }) => {
            const lent = hot.find(id);
            const counts = lent && isLentBy(lent.grant, userId) && (account === undefined || isOf(lent.grant, account));
            return counts ? { ...lent, delegationId } : [];
          })
          .slice(0, limit);
      }
      // From the delegations on, whatever is known of the tables: the first few are found without seeing all.
      return db
        .all<{ id: string; delegationId: string }>(
          `SELECT d.grant_id AS id, d.id AS delegationId FROM ${lentBy(undefined)}
           WHERE d.app_id = ? AND d.agent_id = ? AND d.provider = ? AND ${LIVING_DELEGATION}
              AND grants.app_id = d.app_id AND grants.status = 'active' ${ofAccount(account)}
           ORDER BY d.grant_id LIMIT ?`,
          appId,
          agentId,
          provider,
          now,
          ...accountValues(account),
          limit,
        )
        .flatMap(({ id, delegationId }) => {
          const lent = hot.find(id);
          return lent ? { ...lent, delegationId } : [];
        });
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
    async deleteGrantsOf(appId, { type, id }, at) {
      db.run(
        `UPDATE grants SET status = 'deleted', revoked_at = coalesce(revoked_at, ?) WHERE app_id = ?
           AND principal_type = ? AND coalesce(principal_id, '') = ? AND secret_id IS NOT NULL AND status <> 'deleted'`,
        at,
        appId,
        type,
        id ?? "",
      );
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

const ofAccount = (account: string | undefined): string =>
  account === undefined ? "" : "AND (grants.label = ? OR account_identifier = ? OR account_id = ?)";
const accountValues = (account: string | undefined): string[] =>
  account === undefined ? [] : [account, account, account];

/** Delegations with their grants, which are still their users'; without a user, of those who stand. */
function lentBy(userId: string | undefined): string {
  const lent = `delegations AS d CROSS JOIN grants ON grants.id = d.grant_id AND grants.principal_type = 'user'
    AND grants.principal_id = d.user_id`;
  if (userId !== undefined) return lent;
  return `${lent}
    CROSS JOIN users ON users.id = d.user_id AND users.app_id = d.app_id AND users.status = 'active'
      AND users.active_in_directory = 1
    CROSS JOIN identity_providers AS idp ON idp.id = users.idp_id AND idp.app_id = d.app_id AND idp.status = 'active'`;
}

const isLentBy = ({ status, principalType, principalId }: GrantRecord, userId: string): boolean =>
  status === "active" && principalType === "user" && principalId === userId;
const isOf = ({ label, account }: GrantRecord, name: string): boolean =>
  label === name || account?.identifier === name || account?.id === name;

const LIVING_DELEGATION = "d.revoked_at IS NULL AND (d.expires_at IS NULL OR d.expires_at > ?)";

/** Ids of grants that users who stand delegated to an agent. */
function delegatedIds(
  appId: string,
  { agentId, userId }: Delegated,
  now: number,
): { sql: string; values: SQLInputValue[] } {
  const sql = `SELECT d.grant_id FROM ${lentBy(userId)}
    WHERE d.app_id = ? AND d.agent_id = ? ${userId === undefined ? "" : "AND d.user_id = ?"} AND ${LIVING_DELEGATION}`;
  return { sql, values: [appId, agentId, ...(userId === undefined ? [] : [userId]), now] };
}

function grantWhere(
  appId: string,
  { provider, status, now, principals, delegated, providers, ids }: GrantFilter,
): { where: string; values: SQLInputValue[] } {
  const parts = ["app_id = ?"];
  const values: SQLInputValue[] = [appId];
  if (provider !== undefined) {
    parts.push("provider = ?");
    values.push(provider);
  }
  if (principals !== undefined) {
    const each = principals.map(() => "(principal_type = ? AND coalesce(principal_id, '') = ?)");
    values.push(...principals.flatMap(({ type, id }) => [type, id ?? ""]));
    if (delegated !== undefined) {
      const lent = delegatedIds(appId, delegated, now);
      each.push(`id IN (${lent.sql})`);
      values.push(...lent.values);
    }
    parts.push(each.length === 0 ? "0" : `(${each.join(" OR ")})`);
  }
  for (const [column, allowed] of [
    ["provider", providers],
    ["id", ids],
  ] as const) {
    if (allowed === undefined) continue;
    parts.push(`${column} IN (SELECT value FROM json_each(?))`);
    values.push(JSON.stringify(allowed));
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
