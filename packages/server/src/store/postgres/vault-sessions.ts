import type { Scope } from "@alter-vault/protocol";
import type { VaultSessionRecord, VaultSessionStore } from "../identity-records.ts";
import type { Database } from "./database.ts";

interface Row {
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

const fromRow = (row: Row): VaultSessionRecord => ({
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

export function vaultSessionStore(db: Database): VaultSessionStore {
  const one = async (sql: string, ...values: unknown[]): Promise<VaultSessionRecord | null> => {
    const row = await db.get<Row>(sql, ...values);
    return row ? fromRow(row) : null;
  };

  return {
    async insertVaultSession(session) {
      await db.run(
        "INSERT INTO vault_sessions VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        session.id,
        session.appId,
        session.tokenHash,
        session.userId,
        session.agentId,
        JSON.stringify(session.scopes),
        session.providers === null ? null : JSON.stringify(session.providers),
        session.grants === null ? null : JSON.stringify(session.grants),
        session.parentId,
        session.createdAt,
        session.expiresAt,
        session.revokedAt,
      );
    },
    findVaultSession: (tokenHash) => one("SELECT * FROM vault_sessions WHERE token_hash = $1", tokenHash),
    findVaultSessionById: (appId, id) => one("SELECT * FROM vault_sessions WHERE id = $1 AND app_id = $2", id, appId),
    revokeVaultSession: (appId, id, at) =>
      one(
        "UPDATE vault_sessions SET revoked_at = coalesce(revoked_at, $1) WHERE id = $2 AND app_id = $3 RETURNING *",
        at,
        id,
        appId,
      ),
    forgetVaultSessions: (expiredBefore, limit) =>
      db.run(
        `DELETE FROM vault_sessions WHERE id IN (
           SELECT id FROM vault_sessions WHERE expires_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED
         )`,
        expiredBefore,
        limit,
      ),
  };
}
