import { grantFromRow, type GrantRow } from "../rows/grant-row.ts";
import type { GrantStore, GrantWithSecret } from "../grant-records.ts";
import type { Database } from "./database.ts";
import { createFreshRecords, type Freshness } from "./fresh-records.ts";
import { delegatedTo, grantWhere, lentBy, ofAccount } from "./grant-filter.ts";
import { fromJoinedRow, GRANT_WITH_SECRET, LENT_WITH_SECRET, insertGrant, type JoinedRow } from "./grant-row.ts";
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
          return db.all<JoinedRow>(
            `${GRANT_WITH_SECRET} WHERE g.app_id = $1 AND g.principal_type = $2 AND coalesce(g.principal_id, '') = $3
               AND g.provider = $4 AND g.status = 'active' ${ofAccount(values, account)} ORDER BY g.id LIMIT $5`,
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
      const isOfAccount = ofAccount(values, account);
      const rows = await db.all<JoinedRow & { delegation_id: string }>(
        `${LENT_WITH_SECRET} ${lentBy(delegated.userId)} WHERE ${delegatedTo(values, delegated, now, provider)}
           AND g.status = 'active' ${isOfAccount} ORDER BY d.grant_id LIMIT $2`,
        ...values,
      );
      return rows.map((row) => ({ ...fromJoinedRow(row), delegationId: row.delegation_id }));
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
