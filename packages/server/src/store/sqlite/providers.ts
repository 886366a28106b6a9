import type { CustomProviderRecord, ProviderConfigRecord, ProviderStore } from "../provider-records.ts";
import { providerConfigFromRow, type ProviderConfigRow } from "../rows/provider-config-row.ts";
import type { Database } from "./database.ts";

const CUSTOM = "SELECT app_id AS appId, provider, definition, created_at AS createdAt FROM custom_providers";

export function providerStore(db: Database): ProviderStore {
  const find = (appId: string, provider: string): ProviderConfigRecord | null => {
    const row = db.get<ProviderConfigRow>(
      "SELECT * FROM provider_configs WHERE app_id = ? AND provider = ?",
      appId,
      provider,
    );
    return row ? providerConfigFromRow(row) : null;
  };
  const findCustom = (appId: string, provider: string): CustomProviderRecord | null =>
    db.get<CustomProviderRecord>(`${CUSTOM} WHERE app_id = ? AND provider = ?`, appId, provider) ?? null;

  return {
    findProviderConfig: async (appId, provider) => find(appId, provider),
    async listProviderConfigs(appId) {
      return db
        .all<ProviderConfigRow>("SELECT * FROM provider_configs WHERE app_id = ? ORDER BY provider", appId)
        .map(providerConfigFromRow);
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
