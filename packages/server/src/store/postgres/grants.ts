import type { GrantFilter, GrantStore } from "../store.ts";
import type { Database } from "./database.ts";
import {
  fromJoinedRow,
  GRANT_WITH_SECRET,
  grantFromRow,
  insertGrant,
  type GrantRow,
  type JoinedRow,
} from "./grant-row.ts";
import { listPage } from "./list-page.ts";

export function grantStore(db: Database): GrantStore {
  const changed = async (sql: string, ...values: unknown[]) => {
    const row = await db.get<GrantRow>(`${sql} RETURNING *`, ...values);
    return row ? grantFromRow(row) : null;
  };
  return {
    async insertGrant(grant) {
      if (!(await insertGrant(db, grant))) throw new Error("the account has a grant already");
    },
    async findGrant(appId, id) {
      const row = await db.get<JoinedRow>(`${GRANT_WITH_SECRET} WHERE g.app_id = $1 AND g.id = $2`, appId, id);
      return row ? fromJoinedRow(row) : null;
    },
    async findGrantsByProvider(appId, provider, limit) {
      const rows = await db.all<JoinedRow>(
        `${GRANT_WITH_SECRET}
         WHERE g.app_id = $1 AND g.provider = $2 AND g.status = 'active' ORDER BY g.id LIMIT $3`,
        appId,
        provider,
        limit,
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
    setGrantData: (appId, id, data) =>
      changed(
        "UPDATE grants SET data = $1 WHERE app_id = $2 AND id = $3 AND status <> 'deleted'",
        JSON.stringify(data),
        appId,
        id,
      ),
  };
}

function grantWhere(
  appId: string,
  { provider, status, now }: GrantFilter,
): { readonly where: string; readonly values: unknown[] } {
  const parts = ["g.app_id = $1"];
  const values: unknown[] = [appId];
  const add = (condition: (place: string) => string, value: unknown): void => {
    values.push(value);
    parts.push(condition(`$${values.length}`));
  };
  if (provider !== undefined) add((place) => `g.provider = ${place}`, provider);
  if (status === "expired") add((place) => `g.status = 'active' AND g.expires_at <= ${place}`, now);
  else if (status === "active")
    add((place) => `g.status = 'active' AND (g.expires_at IS NULL OR g.expires_at > ${place})`, now);
  else if (status !== undefined) add((place) => `g.status = ${place}`, status);
  return { where: parts.join(" AND "), values };
}
