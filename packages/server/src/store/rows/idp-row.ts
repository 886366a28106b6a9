import type { IdpRecord } from "../identity-records.ts";

/** An identity provider as both drivers store it. */
export interface IdpRow {
  id: string;
  app_id: string;
  name: string;
  preset: string;
  issuer: string;
  audiences: string;
  authorized_parties: string;
  algorithms: string;
  jwks_url: string;
  claims: string;
  client_id: string | null;
  status: IdpRecord["status"];
  webhook_kind: IdpRecord["webhookKind"];
  sealed_secrets: Uint8Array;
  scim_token_hash: string | null;
  created_at: number;
  updated_at: number;
}

export const idpFromRow = (row: IdpRow): IdpRecord => ({
  id: row.id,
  appId: row.app_id,
  name: row.name,
  preset: row.preset,
  issuer: row.issuer,
  audiences: JSON.parse(row.audiences) as string[],
  authorizedParties: JSON.parse(row.authorized_parties) as string[],
  algorithms: JSON.parse(row.algorithms) as IdpRecord["algorithms"],
  jwksUrl: row.jwks_url,
  claims: JSON.parse(row.claims) as IdpRecord["claims"],
  clientId: row.client_id,
  status: row.status,
  webhookKind: row.webhook_kind,
  sealedSecrets: row.sealed_secrets,
  scimTokenHash: row.scim_token_hash,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});
