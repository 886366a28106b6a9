import type { ProviderConfigRecord } from "../provider-records.ts";

/** A provider's configuration as both drivers store it. A flag is a number in one of them. */
export interface ProviderConfigRow {
  id: string;
  app_id: string;
  provider: string;
  client_id: string;
  sealed_client: Uint8Array;
  has_client_secret: boolean | number;
  has_private_key: boolean | number;
  variables: string;
  allowed_scopes: string | null;
  default_scopes: string;
  redirect_uri: string | null;
  grant_schema: string | null;
  created_at: number;
  updated_at: number;
}

export const providerConfigFromRow = (row: ProviderConfigRow): ProviderConfigRecord => ({
  id: row.id,
  appId: row.app_id,
  provider: row.provider,
  clientId: row.client_id,
  sealedClient: row.sealed_client,
  hasClientSecret: Boolean(row.has_client_secret),
  hasPrivateKey: Boolean(row.has_private_key),
  variables: JSON.parse(row.variables) as Record<string, string>,
  allowedScopes: row.allowed_scopes === null ? null : (JSON.parse(row.allowed_scopes) as string[]),
  defaultScopes: JSON.parse(row.default_scopes) as string[],
  redirectUri: row.redirect_uri,
  grantSchema: row.grant_schema === null ? null : (JSON.parse(row.grant_schema) as Record<string, unknown>),
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});
