import type { ApiKeyRecord, ApiKeyStore } from "../store.ts";
import { apiKeyFromRow, apiKeyValues, type ApiKeyRow } from "../rows/api-key-row.ts";
import type { Database } from "./database.ts";
import { createFreshRecords, type Freshness } from "./fresh-records.ts";

export function apiKeyStore(db: Database, freshness: Freshness | null): ApiKeyStore {
  const find = async (id: string): Promise<ApiKeyRecord | null> => {
    const row = await db.get<ApiKeyRow>("SELECT * FROM api_keys WHERE id = $1", id);
    return row ? apiKeyFromRow(row) : null;
  };
  return {
    async insertApiKey(key) {
      await db.run(
        "INSERT INTO api_keys VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        ...apiKeyValues(key),
      );
    },
    findApiKey: freshness ? createFreshRecords(freshness, find) : find,
    async listApiKeys(appId) {
      const rows = await db.all<ApiKeyRow>("SELECT * FROM api_keys WHERE app_id = $1 ORDER BY created_at, id", appId);
      return rows.map(apiKeyFromRow);
    },
    async revokeApiKey(appId, id, at) {
      const sql = "UPDATE api_keys SET revoked_at = coalesce(revoked_at, $1) WHERE app_id = $2 AND id = $3 RETURNING *";
      const row = await db.get<ApiKeyRow>(sql, at, appId, id);
      return row ? apiKeyFromRow(row) : null;
    },
    async deprecateApiKey(appId, id, at) {
      const sql = "UPDATE api_keys SET deprecated_at = $1 WHERE app_id = $2 AND id = $3 RETURNING *";
      const row = await db.get<ApiKeyRow>(sql, at, appId, id);
      return row ? apiKeyFromRow(row) : null;
    },
  };
}
