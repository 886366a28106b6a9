import type { ApiKeyRecord, ApiKeyStore } from "../store.ts";
import { apiKeyFromRow, apiKeyValues, type ApiKeyRow } from "../rows/api-key-row.ts";
import type { Database } from "./database.ts";
import { createHotRecords } from "./hot-records.ts";

export function apiKeyStore(db: Database): ApiKeyStore {
  const find = (id: string): ApiKeyRecord | null => {
    const row = db.get<ApiKeyRow>("SELECT * FROM api_keys WHERE id = ?", id);
    return row ? apiKeyFromRow(row) : null;
  };
  const hot = createHotRecords(db, find);
  return {
    async insertApiKey(key) {
      db.run("INSERT INTO api_keys VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", ...apiKeyValues(key));
    },
    findApiKey: (id) => hot.find(id),
    async listApiKeys(appId) {
      return db
        .all<ApiKeyRow>("SELECT * FROM api_keys WHERE app_id = ? ORDER BY created_at, id", appId)
        .map(apiKeyFromRow);
    },
    async revokeApiKey(appId, id, at) {
      db.run("UPDATE api_keys SET revoked_at = coalesce(revoked_at, ?) WHERE app_id = ? AND id = ?", at, appId, id);
      const key = find(id);
      return key?.appId === appId ? key : null;
    },
    async deprecateApiKey(appId, id, at) {
      db.run("UPDATE api_keys SET deprecated_at = ? WHERE app_id = ? AND id = ?", at, appId, id);
      const key = find(id);
      return key?.appId === appId ? key : null;
    },
  };
}
