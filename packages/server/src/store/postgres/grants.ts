import type { Delegated, GrantFilter, GrantStore, GrantWithSecret } from "../store.ts";
import type { Database } from "./database.ts";
import { createFreshRecords, type Freshness } from "./fresh-records.ts";
import {
  fromJoinedRow,
  GRANT_WITH_SECRET,
  grantFromRow,
  insertGrant,
  type GrantRow,
  type JoinedRow,
} from "./grant-row.ts";
import { listPage } from "./list-page.ts";

export function grantStore(db: Database, freshness: Freshness | null): GrantStore {
  const find = async (appId: string, id: string): Promise<GrantWithSecret | null> => {
    const row = await db.get<JoinedRow>(`${GRANT_WITH_SECRET} WHERE g.app_id = $1 AND g.id = $2`, appId, id);
    return row ? fromJoinedRow(row) : null;
  };
  const findFresh =
    freshness &&
    createFreshRecords(freshness, (key) => {
      const [appId = "", id = ""] = key.split(" ");
      return find(appId, id);
    });
  const changed = async (sql: string, ...values: unknown[]) => {
    const row = await db.get<GrantRow>(`${sql} RETURNING *`, ...values);
    return row ? grantFromRow(row) : null;
  };
  return {
    async insertGrant(grant) {
      if (!(await insertGrant(db, grant))) throw new Error("the account has a grant already");
    },
    findGrant: (appId, id) => (findFresh ? findFresh(`${appId} ${id}`) : find(appId, id)),
    async findGrantsByProvider(appId, { provider, account }, principals, limit) {
      // One after the other by its own index, as an OR over them would read all grants of the provider.
      const found = await Promise.all(
        principals.map(({ type, id }) => {
          const values: unknown[] = [appId, type, id ?? "", provider, limit];
          const ofAccount = account === undefined ? "" : accountIs(`$${values.push(account)}`);
          return db.all<JoinedRow>(
            `${GRANT_WITH_SECRET} WHERE g.app_id = $1 AND g.principal_type = $2 AND coalesce(g.principal_id, '') = $3
               AND g.provider = $4 AND g.status = 'active' ${ofAccount} ORDER BY g.id LIMIT $5`,
            ...values,
          );
        }),
      );
      return found
        .flat()
        .toSorted((one, other) => (one.id < other.id ? -1 : 1))
        .slice(0, limit)
        .map(fromJoinedRow);
    },
    async findDelegatedGrants(appId, { provider, account }, delegated, now, limit) {
      const values: unknown[] = [appId, limit];
      const ofAccount = account === undefined ? "" : accountIs(`$${values.push(account)}`);
      const lent = delegatedIds("$1", delegated, now, values, provider);
      const rows = await db.all<JoinedRow>(
        `${GRANT_WITH_SECRET} WHERE g.app_id = $1 AND g.status = 'active' ${ofAccount} AND g.id IN (${lent})
         ORDER BY g.id LIMIT $2`,
        ...values,
      );
      return rows.map(fromJoinedRow);
    },
    async listGrants(appId, filter, page) {
      const query = { select: GRANT_WITH_SECRET, table: "grants", alias: "g", ...grantWhere(appId, filter) };
      const { rows, ...rest } = await listPage<JoinedRow>(db, query, page);
      return { records: rows.map(fromJoinedRow), ...rest };
    },
    updateGrant: (appId, id, { label, allowRetrieve }) =>
      changed(
        `UPDATE grants SET label = coalesce($1, label), allow_retrieve = coalesce($2, allow_retrieve)
         WHERE app_id = $3 AND id = $4`,
        label ?? null,
        allowRetrieve ?? null,
        appId,
        id,
      ),
    revokeGrant: (appId, id, at) =>
      changed(
        "UPDATE grants SET status = 'revoked', revoked_at = $1 WHERE app_id = $2 AND id = $3 AND status = 'active'",
        at,
        appId,
        id,
      ),
    async deleteGrantsOf(appId, { type, id }, at) {
      await db.run(
        `UPDATE grants SET status = 'deleted', revoked_at = coalesce(revoked_at, $1) WHERE app_id = $2
           AND principal_type = $3 AND coalesce(principal_id, '') = $4 AND secret_id IS NOT NULL AND status <> 'deleted'`,
        at,
        appId,
        type,
        id ?? "",
      );
    },
    setGrantData: (appId, id, data) =>
      changed(
        "UPDATE grants SET data = $1 WHERE app_id = $2 AND id = $3 AND status <> 'deleted'",
        JSON.stringify(data),
        appId,
        id,
      ),
  };
}

const accountIs = (place: string): string =>
  `AND (g.label = ${place} OR g.account_identifier = ${place} OR g.account_id = ${place})`;

/** Ids of grants that users who stand delegated to an agent. Puts what it needs behind `values`. */
function delegatedIds(
  app: string,
  { agentId, userId }: Delegated,
  now: number,
  values: unknown[],
  provider?: string,
): string {
  const place = (value: unknown): string => `$${values.push(value)}`;
  const ofUser = userId === undefined ? "" : `AND d.user_id = ${place(userId)}`;
  const ofProvider = provider === undefined ? "" : `AND d.provider = ${place(provider)}`;
  return `SELECT d.grant_id FROM delegations d
    JOIN grants lent ON lent.id = d.grant_id AND lent.principal_type = 'user' AND lent.principal_id = d.user_id
    JOIN users u ON u.id = d.user_id AND u.app_id = d.app_id
    JOIN identity_providers idp ON idp.id = u.idp_id AND idp.app_id = d.app_id
    WHERE d.app_id = ${app} AND d.agent_id = ${place(agentId)} AND d.revoked_at IS NULL
      AND (d.expires_at IS NULL OR d.expires_at > ${place(now)})
      AND u.status = 'active' AND u.active_in_directory AND idp.status = 'active' ${ofUser} ${ofProvider}`;
}

function grantWhere(
  appId: string,
  { provider, status, now, principals, delegated, providers, ids }: GrantFilter,
): { readonly where: string; readonly values: unknown[] } {
  const parts = ["g.app_id = $1"];
  const values: unknown[] = [appId];
  const add = (condition: (place: string) => string, value: unknown): void => {
    values.push(value);
    parts.push(condition(`$${values.length}`));
  };
  if (provider !== undefined) add((place) => `g.provider = ${place}`, provider);
  if (principals !== undefined) {
    const each = principals.map(
      ({ type, id }) =>
        `(g.principal_type = $${values.push(type)} AND coalesce(g.principal_id, '') = $${values.push(id ?? "")})`,
    );
    if (delegated !== undefined) each.push(`g.id IN (${delegatedIds("$1", delegated, now, values)})`);
    parts.push(each.length === 0 ? "false" : `(${each.join(" OR ")})`);
  }
  if (providers !== undefined) add((place) => `g.provider = ANY(${place}::text[])`, providers);
  if (ids !== undefined) add((place) => `g.id = ANY(${place}::text[])`, ids);
  if (status === "expired") add((place) => `g.status = 'active' AND g.expires_at <= ${place}`, now);
  else if (status === "active")
    add((place) => `g.status = 'active' AND (g.expires_at IS NULL OR g.expires_at > ${place})`, now);
  else if (status !== undefined) add((place) => `g.status = ${place}`, status);
  return { where: parts.join(" AND "), values };
}
