import type { Scope } from "@alter-vault/protocol";
import type { ApiKeyRecord, ApiKeyStore } from "../store.ts";
import type { Database } from "./database.ts";
import { createHotRecords } from "./hot-records.ts";

interface Row {
  id: string;
  app_id: string;
  name: string;
  scopes: string;
  sealed_signing_key: Uint8Array;
  created_at: number;
  expires_at: number | null;
  revoked_at: number | null;
  agent_id: string | null;
  cidrs: string | null;
  requests_per_minute: number | null;
  deprecated_at: number | null;
}

const fromRow = (row: Row): ApiKeyRecord => ({
  id: row.id,
  appId: row.app_id,
  name: row.name,
  scopes: row.scopes.split(" ") as Scope[],
  sealedSigningKey: row.sealed_signing_key,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  revokedAt: row.revoked_at,
  agentId: row.agent_id,
  cidrs: row.cidrs === null ? null : (JSON.parse(row.cidrs) as string[]),
  requestsPerMinute: row.requests_per_minute,
  deprecatedAt: row.deprecated_at,
});

export function apiKeyStore(db: Database): ApiKeyStore {
  const find = (id: string): ApiKeyRecord | null => {
    const row = db.get<Row>("SELECT * FROM api_keys WHERE id = ?", id);
    return row ? fromRow(row) : null;
  };
  const hot = createHotRecords(db, find);
  return {
    async insertApiKey(key) {
      db.run(
        "INSERT INTO api_keys VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        key.id,
        key.appId,
        key.name,
        key.scopes.join(" "),
        key.sealedSigningKey,
        key.createdAt,
        key.expiresAt,
        key.revokedAt,
        key.agentId,
        key.cidrs === null ? null : JSON.stringify(key.cidrs),
        key.requestsPerMinute,
        key.deprecatedAt,
      );
    },
    findApiKey: (id) => hot.find(id),
    async listApiKeys(appId) {
      return db.all<Row>("SELECT * FROM api_keys WHERE app_id = ? ORDER BY created_at, id", appId).map(fromRow);
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
