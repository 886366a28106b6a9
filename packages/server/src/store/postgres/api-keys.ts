import type { Scope } from "@alter-vault/protocol";
import type { ApiKeyRecord, ApiKeyStore } from "../store.ts";
import type { Database } from "./database.ts";
import { createFreshRecords, type Freshness } from "./fresh-records.ts";

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

export function apiKeyStore(db: Database, freshness: Freshness | null): ApiKeyStore {
  const find = async (id: string): Promise<ApiKeyRecord | null> => {
    const row = await db.get<Row>("SELECT * FROM api_keys WHERE id = $1", id);
    return row ? fromRow(row) : null;
  };
  return {
    async insertApiKey(key) {
      await db.run(
        "INSERT INTO api_keys VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
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
    findApiKey: freshness ? createFreshRecords(freshness, find) : find,
    async listApiKeys(appId) {
      const rows = await db.all<Row>("SELECT * FROM api_keys WHERE app_id = $1 ORDER BY created_at, id", appId);
      return rows.map(fromRow);
    },
    async revokeApiKey(appId, id, at) {
      const sql = "UPDATE api_keys SET revoked_at = coalesce(revoked_at, $1) WHERE app_id = $2 AND id = $3 RETURNING *";
      const row = await db.get<Row>(sql, at, appId, id);
      return row ? fromRow(row) : null;
    },
    async deprecateApiKey(appId, id, at) {
      const sql = "UPDATE api_keys SET deprecated_at = $1 WHERE app_id = $2 AND id = $3 RETURNING *";
      const row = await db.get<Row>(sql, at, appId, id);
      return row ? fromRow(row) : null;
    },
  };
}
