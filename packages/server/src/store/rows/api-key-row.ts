import type { Scope } from "@alter-vault/protocol";
import type { ApiKeyRecord } from "../store.ts";

/** An API key as both drivers store it. */
export interface ApiKeyRow {
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

export const apiKeyFromRow = (row: ApiKeyRow): ApiKeyRecord => ({
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

/** In order of the columns. */
export function apiKeyValues(key: ApiKeyRecord): (string | number | null | Uint8Array)[] {
  return [
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
  ];
}
