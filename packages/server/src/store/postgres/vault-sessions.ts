import type { VaultSessionRecord, VaultSessionStore } from "../identity-records.ts";
import { vaultSessionFromRow, type VaultSessionRow } from "../rows/vault-session-row.ts";
import type { Database } from "./database.ts";

export function vaultSessionStore(db: Database): VaultSessionStore {
  const one = async (sql: string, ...values: unknown[]): Promise<VaultSessionRecord | null> => {
    const row = await db.get<VaultSessionRow>(sql, ...values);
    return row ? vaultSessionFromRow(row) : null;
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
