import type { Delegated, GrantFilter } from "../grant-records.ts";

/** Conditions on a grant `g`. Each adds what it compares with to the values of the statement, whose first is the app. */
type Values = unknown[];

export function ofAccount(values: Values, account: string | undefined): string {
  if (account === undefined) return "";
  const place = `$${values.push(account)}`;
  return `AND (g.label = ${place} OR g.account_identifier = ${place} OR g.account_id = ${place})`;
}

/** Behind `grants g`: delegations of a grant that is still its user's; without a user, of those who stand. */
export function lentBy(userId: string | undefined): string {
  const lent = `JOIN delegations d ON d.grant_id = g.id AND d.app_id = g.app_id AND d.revoked_at IS NULL
    AND g.principal_type = 'user' AND g.principal_id = d.user_id`;
  if (userId !== undefined) return lent;
  return `${lent}
    JOIN users u ON u.id = d.user_id AND u.app_id = d.app_id AND u.status = 'active' AND u.active_in_directory
    JOIN identity_providers p ON p.id = u.idp_id AND p.app_id = u.app_id AND p.status = 'active'`;
}

/** Which of those: an agent's, that have not ended. */
export function delegatedTo(values: Values, { agentId, userId }: Delegated, now: number, provider?: string): string {
  const parts = ["d.app_id = $1", `d.agent_id = $${values.push(agentId)}`];
  if (userId !== undefined) parts.push(`d.user_id = $${values.push(userId)}`);
  if (provider !== undefined) parts.push(`d.provider = $${values.push(provider)}`);
  parts.push(`(d.expires_at IS NULL OR d.expires_at > $${values.push(now)})`);
  return parts.join(" AND ");
}

export function grantWhere(
  appId: string,
  { provider, status, now, principals, delegated, providers, ids }: GrantFilter,
): { readonly where: string; readonly values: unknown[] } {
  const values: Values = [appId];
  const parts = ["g.app_id = $1"];
  if (provider !== undefined) parts.push(`g.provider = $${values.push(provider)}`);
  if (principals !== undefined) {
    const each = principals.map(
      ({ type, id }) =>
        `(g.principal_type = $${values.push(type)} AND coalesce(g.principal_id, '') = $${values.push(id ?? "")})`,
    );
    if (delegated !== undefined) {
      const lent = `SELECT g.id FROM grants g ${lentBy(delegated.userId)} WHERE ${delegatedTo(values, delegated, now)}`;
      each.push(`g.id IN (${lent})`);
    }
    parts.push(each.length === 0 ? "false" : `(${each.join(" OR ")})`);
  }
  if (providers !== undefined) parts.push(`g.provider = ANY($${values.push(providers)}::text[])`);
  if (ids !== undefined) parts.push(`g.id = ANY($${values.push(ids)}::text[])`);
  if (status === "expired") parts.push(`g.status = 'active' AND g.expires_at <= $${values.push(now)}`);
  else if (status === "active")
    parts.push(`g.status = 'active' AND (g.expires_at IS NULL OR g.expires_at > $${values.push(now)})`);
  else if (status !== undefined) parts.push(`g.status = $${values.push(status)}`);
  return { where: parts.join(" AND "), values };
}
