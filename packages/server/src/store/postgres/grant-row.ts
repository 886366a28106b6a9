import { credentialFromRow, type CredentialRow } from "../rows/credential-row.ts";
import { grantFromRow, grantValues, type GrantRow } from "../rows/grant-row.ts";
import { secretFromRow, type SecretRow } from "../rows/secret-row.ts";
import type { GrantRecord, GrantWithSecret } from "../grant-records.ts";
import type { Queries } from "./database.ts";

/** Grants with what they open, which one statement reads together. */
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
  "user_id",
];

const aliased = (table: string, columns: readonly string[]): string =>
  columns.map((column) => `${table}.${column} AS ${table}_${column}`).join(", ");

/** A grant `g` with its secret `s` or the tokens `o` of its account: all of the same app. Goes on with a WHERE. */
export const GRANT_WITH_SECRET: string = `SELECT g.*, ${aliased("s", SECRET_COLUMNS)}, ${aliased("o", CREDENTIAL_COLUMNS)}
  FROM grants g
  LEFT JOIN secrets s ON s.id = g.secret_id AND s.app_id = g.app_id
  LEFT JOIN oauth_credentials o ON o.id = g.id AND o.app_id = g.app_id AND g.secret_id IS NULL`;

/** The same, with the delegation `d` it is lent by. */
export const LENT_WITH_SECRET: string = GRANT_WITH_SECRET.replace("SELECT g.*,", "SELECT g.*, d.id AS delegation_id,");

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

/** False when the account has a grant already; the transaction may go on. */
export async function insertGrant(queries: Queries, grant: GrantRecord): Promise<boolean> {
  const sql = `INSERT INTO grants VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
    ON CONFLICT (app_id, provider, account_id, principal_type, coalesce(principal_id, ''))
      WHERE account_id IS NOT NULL AND status <> 'deleted' DO NOTHING`;
  return (await queries.run(sql, ...grantValues(grant))) === 1;
}
