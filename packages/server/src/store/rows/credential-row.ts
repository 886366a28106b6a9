import type { OAuthCredentialRecord } from "../oauth-records.ts";

/** The tokens of a grant as both drivers store them. */
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
  user_id: string | null;
}

export const credentialFromRow = (row: CredentialRow): OAuthCredentialRecord => ({
  id: row.id,
  appId: row.app_id,
  userId: row.user_id,
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

/** In order of the columns. */
export function credentialValues(credential: OAuthCredentialRecord): (string | number | null | Uint8Array)[] {
  return [
    credential.id,
    credential.appId,
    credential.provider,
    credential.flow,
    credential.version,
    credential.sealedTokens,
    JSON.stringify(credential.askedScopes),
    JSON.stringify(credential.grantedScopes),
    JSON.stringify(credential.variables),
    credential.tokenExpiresAt,
    credential.refreshExpiresAt,
    credential.refreshDueAt,
    credential.connectedAt,
    credential.refreshedAt,
    credential.state,
    credential.problem,
    credential.failingSince,
    credential.failures,
    credential.leaseId,
    credential.leaseUntil,
    credential.userId,
  ];
}
