import type { Scope } from "@alter-vault/protocol";
import type { VaultSessionRecord } from "../identity-records.ts";

/** A vault session as both drivers store it. */
export interface VaultSessionRow {
  id: string;
  app_id: string;
  token_hash: string;
  user_id: string;
  agent_id: string | null;
  scopes: string;
  providers: string | null;
  grants: string | null;
  parent_id: string | null;
  created_at: number;
  expires_at: number;
  revoked_at: number | null;
}

export const vaultSessionFromRow = (row: VaultSessionRow): VaultSessionRecord => ({
  id: row.id,
  appId: row.app_id,
  tokenHash: row.token_hash,
  userId: row.user_id,
  agentId: row.agent_id,
  scopes: JSON.parse(row.scopes) as Scope[],
  providers: row.providers === null ? null : (JSON.parse(row.providers) as string[]),
  grants: row.grants === null ? null : (JSON.parse(row.grants) as string[]),
  parentId: row.parent_id,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  revokedAt: row.revoked_at,
});
