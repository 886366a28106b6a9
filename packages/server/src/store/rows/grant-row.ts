import type { GrantRecord } from "../grant-records.ts";

/** A grant as both drivers store it. A flag is a number in one of them. */
export interface GrantRow {
  id: string;
  app_id: string;
  secret_id: string | null;
  provider: string;
  principal_type: GrantRecord["principalType"];
  label: string | null;
  status: GrantRecord["status"];
  allow_retrieve: boolean | number;
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
  allowRetrieve: Boolean(row.allow_retrieve),
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

/** In order of the columns. */
export function grantValues(grant: GrantRecord): (string | number | null)[] {
  return [
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
  ];
}
