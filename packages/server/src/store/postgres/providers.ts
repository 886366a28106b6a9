import type { CustomProviderRecord, ProviderStore } from "../provider-records.ts";
import { providerConfigFromRow, type ProviderConfigRow } from "../rows/provider-config-row.ts";
import type { Database } from "./database.ts";

const CUSTOM = `app_id AS "appId", provider, definition, created_at AS "createdAt"`;

export function providerStore(db: Database): ProviderStore {
  return {
    async findProviderConfig(appId, provider) {
      const sql = "SELECT * FROM provider_configs WHERE app_id = $1 AND provider = $2";
      const row = await db.get<ProviderConfigRow>(sql, appId, provider);
      return row ? providerConfigFromRow(row) : null;
    },
    async listProviderConfigs(appId) {
      const sql = "SELECT * FROM provider_configs WHERE app_id = $1 ORDER BY provider";
      return (await db.all<ProviderConfigRow>(sql, appId)).map(providerConfigFromRow);
    },
    async putProviderConfig(config) {
      const row = await db.get<ProviderConfigRow>(
        `INSERT INTO provider_configs VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         ON CONFLICT (app_id, provider) DO UPDATE SET client_id = excluded.client_id,
           sealed_client = excluded.sealed_client, has_client_secret = excluded.has_client_secret,
           has_private_key = excluded.has_private_key, variables = excluded.variables,
           allowed_scopes = excluded.allowed_scopes, default_scopes = excluded.default_scopes,
           redirect_uri = excluded.redirect_uri, grant_schema = excluded.grant_schema, updated_at = excluded.updated_at
         RETURNING *`,
        config.id,
        config.appId,
        config.provider,
        config.clientId,
        config.sealedClient,
        config.hasClientSecret,
        config.hasPrivateKey,
        JSON.stringify(config.variables),
        config.allowedScopes === null ? null : JSON.stringify(config.allowedScopes),
        JSON.stringify(config.defaultScopes),
        config.redirectUri,
        config.grantSchema === null ? null : JSON.stringify(config.grantSchema),
        config.createdAt,
        config.updatedAt,
      );
      return row ? providerConfigFromRow(row) : config;
    },
    async deleteProviderConfig(appId, provider) {
      const sql = "DELETE FROM provider_configs WHERE app_id = $1 AND provider = $2 RETURNING *";
      const row = await db.get<ProviderConfigRow>(sql, appId, provider);
      return row ? providerConfigFromRow(row) : null;
    },
    async findCustomProvider(appId, provider) {
      const sql = `SELECT ${CUSTOM} FROM custom_providers WHERE app_id = $1 AND provider = $2`;
      return (await db.get<CustomProviderRecord>(sql, appId, provider)) ?? null;
    },
    listCustomProviders: (appId) =>
      db.all<CustomProviderRecord>(`SELECT ${CUSTOM} FROM custom_providers WHERE app_id = $1 ORDER BY provider`, appId),
    async putCustomProvider({ appId, provider, definition, createdAt }) {
      await db.run(
        `INSERT INTO custom_providers VALUES ($1, $2, $3, $4)
         ON CONFLICT (app_id, provider) DO UPDATE SET definition = excluded.definition`,
        appId,
        provider,
        definition,
        createdAt,
      );
    },
    async deleteCustomProvider(appId, provider) {
      const sql = `DELETE FROM custom_providers WHERE app_id = $1 AND provider = $2 RETURNING ${CUSTOM}`;
      return (await db.get<CustomProviderRecord>(sql, appId, provider)) ?? null;
    },
  };
}
