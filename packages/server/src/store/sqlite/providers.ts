import type { CustomProviderRecord, ProviderConfigRecord, ProviderStore } from "../store.ts";
import type { Database } from "./database.ts";

interface ConfigRow {
  id: string;
  app_id: string;
  provider: string;
  client_id: string;
  sealed_client: Uint8Array;
  has_client_secret: number;
  has_private_key: number;
  variables: string;
  allowed_scopes: string | null;
  default_scopes: string;
  redirect_uri: string | null;
  grant_schema: string | null;
  created_at: number;
  updated_at: number;
}

const fromRow = (row: ConfigRow): ProviderConfigRecord => ({
  id: row.id,
  appId: row.app_id,
  provider: row.provider,
  clientId: row.client_id,
  sealedClient: row.sealed_client,
  hasClientSecret: row.has_client_secret === 1,
  hasPrivateKey: row.has_private_key === 1,
  variables: JSON.parse(row.variables) as Record<string, string>,
  allowedScopes: row.allowed_scopes === null ? null : (JSON.parse(row.allowed_scopes) as string[]),
  defaultScopes: JSON.parse(row.default_scopes) as string[],
  redirectUri: row.redirect_uri,
  grantSchema: row.grant_schema === null ? null : (JSON.parse(row.grant_schema) as Record<string, unknown>),
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

const CUSTOM = "SELECT app_id AS appId, provider, definition, created_at AS createdAt FROM custom_providers";

export function providerStore(db: Database): ProviderStore {
  const find = (appId: string, provider: string): ProviderConfigRecord | null => {
    const row = db.get<ConfigRow>("SELECT * FROM provider_configs WHERE app_id = ? AND provider = ?", appId, provider);
    return row ? fromRow(row) : null;
  };
  const findCustom = (appId: string, provider: string): CustomProviderRecord | null =>
    db.get<CustomProviderRecord>(`${CUSTOM} WHERE app_id = ? AND provider = ?`, appId, provider) ?? null;

  return {
    findProviderConfig: async (appId, provider) => find(appId, provider),
    async listProviderConfigs(appId) {
      return db.all<ConfigRow>("SELECT * FROM provider_configs WHERE app_id = ? ORDER BY provider", appId).map(fromRow);
    },
    async putProviderConfig(config) {
      db.run(
        `INSERT INTO provider_configs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (app_id, provider) DO UPDATE SET client_id = excluded.client_id,
           sealed_client = excluded.sealed_client, has_client_secret = excluded.has_client_secret,
           has_private_key = excluded.has_private_key, variables = excluded.variables,
           allowed_scopes = excluded.allowed_scopes, default_scopes = excluded.default_scopes,
           redirect_uri = excluded.redirect_uri, grant_schema = excluded.grant_schema, updated_at = excluded.updated_at`,
        config.id,
        config.appId,
        config.provider,
        config.clientId,
        config.sealedClient,
        config.hasClientSecret ? 1 : 0,
        config.hasPrivateKey ? 1 : 0,
        JSON.stringify(config.variables),
        config.allowedScopes === null ? null : JSON.stringify(config.allowedScopes),
        JSON.stringify(config.defaultScopes),
        config.redirectUri,
        config.grantSchema === null ? null : JSON.stringify(config.grantSchema),
        config.createdAt,
        config.updatedAt,
      );
      return find(config.appId, config.provider) ?? config;
    },
    async deleteProviderConfig(appId, provider) {
      const config = find(appId, provider);
      db.run("DELETE FROM provider_configs WHERE app_id = ? AND provider = ?", appId, provider);
      return config;
    },
    findCustomProvider: async (appId, provider) => findCustom(appId, provider),
    async listCustomProviders(appId) {
      return db.all<CustomProviderRecord>(`${CUSTOM} WHERE app_id = ? ORDER BY provider`, appId);
    },
    async putCustomProvider({ appId, provider, definition, createdAt }) {
      db.run(
        `INSERT INTO custom_providers VALUES (?, ?, ?, ?)
         ON CONFLICT (app_id, provider) DO UPDATE SET definition = excluded.definition`,
        appId,
        provider,
        definition,
        createdAt,
      );
    },
    async deleteCustomProvider(appId, provider) {
      const found = findCustom(appId, provider);
      db.run("DELETE FROM custom_providers WHERE app_id = ? AND provider = ?", appId, provider);
      return found;
    },
  };
}
