import type { InjectionRule } from "@alter-vault/protocol";
import type { GrantRecord, GrantWithSecret, OAuthCredentialRecord, SecretRecord } from "../store.ts";
import type { Queries } from "./database.ts";

/** The rows of grants and of what they open, which one statement reads together. */
export interface GrantRow {
  id: string;
  app_id: string;
  secret_id: string | null;
  provider: string;
  principal_type: GrantRecord["principalType"];
  label: string | null;
  status: GrantRecord["status"];
  allow_retrieve: boolean;
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

export interface SecretRow {
  id: string;
  app_id: string;
  name: string;
  provider: string;
  injection: string;
  allowed_hosts: string;
  sealed_value: Uint8Array;
  version: number;
  created_at: number;
  updated_at: number;
}

export interface CredentialRow {
  id: string;
  app_id: string;
  provider: string;
  flow: OAuthCredentialRecord["flow"];
  version: number;
  sealed_tokens: Uint8Array;
  asked_scopes: string;
  granted_scopes: string;
  variables: string;
  token_expires_at: number | null;
  refresh_expires_at: number | null;
  refresh_due_at: number | null;
  connected_at: number;
  refreshed_at: number | null;
  state: OAuthCredentialRecord["state"];
  problem: string | null;
  failing_since: number | null;
  failures: number;
  lease_id: string | null;
  lease_until: number | null;
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
  allowRetrieve: row.allow_retrieve,
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

export const secretFromRow = (row: SecretRow): SecretRecord => ({
  id: row.id,
  appId: row.app_id,
  name: row.name,
  provider: row.provider,
  injection: JSON.parse(row.injection) as InjectionRule,
  allowedHosts: JSON.parse(row.allowed_hosts) as string[],
  sealedValue: row.sealed_value,
  version: row.version,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

export const credentialFromRow = (row: CredentialRow): OAuthCredentialRecord => ({
  id: row.id,
  appId: row.app_id,
  provider: row.provider,
  flow: row.flow,
  version: row.version,
  sealedTokens: row.sealed_tokens,
  askedScopes: JSON.parse(row.asked_scopes) as string[],
  grantedScopes: JSON.parse(row.granted_scopes) as string[],
  variables: JSON.parse(row.variables) as Record<string, string>,
  tokenExpiresAt: row.token_expires_at,
  refreshExpiresAt: row.refresh_expires_at,
  refreshDueAt: row.refresh_due_at,
  connectedAt: row.connected_at,
  refreshedAt: row.refreshed_at,
  state: row.state,
  problem: row.problem,
  failingSince: row.failing_since,
  failures: row.failures,
  leaseId: row.lease_id,
  leaseUntil: row.lease_until,
});

const SECRET_COLUMNS = [
  "id",
  "app_id",
  "name",
  "provider",
  "injection",
  "allowed_hosts",
  "sealed_value",
  "version",
  "created_at",
  "updated_at",
];

const CREDENTIAL_COLUMNS = [
  "id",
  "app_id",
  "provider",
  "flow",
  "version",
  "sealed_tokens",
  "asked_scopes",
  "granted_scopes",
  "variables",
  "token_expires_at",
  "refresh_expires_at",
  "refresh_due_at",
  "connected_at",
  "refreshed_at",
  "state",
  "problem",
  "failing_since",
  "failures",
  "lease_id",
  "lease_until",
];

const aliased = (table: string, columns: readonly string[]): string =>
  columns.map((column) => `${table}.${column} AS ${table}_${column}`).join(", ");

/** A grant `g` with its secret `s` or the tokens `o` of its account: all of the same app. Goes on with a WHERE. */
export const GRANT_WITH_SECRET: string = `SELECT g.*, ${aliased("s", SECRET_COLUMNS)}, ${aliased("o", CREDENTIAL_COLUMNS)}
  FROM grants g
  LEFT JOIN secrets s ON s.id = g.secret_id AND s.app_id = g.app_id
  LEFT JOIN oauth_credentials o ON o.id = g.id AND o.app_id = g.app_id AND g.secret_id IS NULL`;

export type JoinedRow = GrantRow & Record<string, unknown>;

export function fromJoinedRow(row: JoinedRow): GrantWithSecret {
  return {
    grant: grantFromRow(row),
    secret: row["s_id"] === null ? null : secretFromRow(part<SecretRow>(row, "s", SECRET_COLUMNS)),
    oauth: row["o_id"] === null ? null : credentialFromRow(part<CredentialRow>(row, "o", CREDENTIAL_COLUMNS)),
  };
}

function part<T>(row: JoinedRow, table: string, columns: readonly string[]): T {
  return Object.fromEntries(columns.map((column) => [column, row[`${table}_${column}`]])) as T;
}

/** In order of the columns. */
export function grantValues(grant: GrantRecord): unknown[] {
  return [
    grant.id,
    grant.appId,
    grant.secretId,
    grant.provider,
    grant.principalType,
    grant.label,
    grant.status,
    grant.allowRetrieve,
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

/** False when the account has a grant already; the transaction may go on. */
export async function insertGrant(queries: Queries, grant: GrantRecord): Promise<boolean> {
  const sql = `INSERT INTO grants VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
    ON CONFLICT (app_id, provider, account_id, principal_type, coalesce(principal_id, ''))
      WHERE account_id IS NOT NULL AND status <> 'deleted' DO NOTHING`;
  return (await queries.run(sql, ...grantValues(grant))) === 1;
}
