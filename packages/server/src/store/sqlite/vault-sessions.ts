import type { VaultSessionRecord, VaultSessionStore } from "../identity-records.ts";
import { vaultSessionFromRow, type VaultSessionRow } from "../rows/vault-session-row.ts";
import type { Database } from "./database.ts";

export function vaultSessionStore(db: Database): VaultSessionStore {
  const find = (appId: string, id: string): VaultSessionRecord | null => {
    const row = db.get<VaultSessionRow>("SELECT * FROM vault_sessions WHERE id = ? AND app_id = ?", id, appId);
    return row ? vaultSessionFromRow(row) : null;
  };
  return {
    async insertVaultSession(session) {
      db.run(
        "INSERT INTO vault_sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
    async findVaultSession(tokenHash) {
      const row = db.get<VaultSessionRow>("SELECT * FROM vault_sessions WHERE token_hash = ?", tokenHash);
      return row ? vaultSessionFromRow(row) : null;
    },
    findVaultSessionById: async (appId, id) => find(appId, id),
    async revokeVaultSession(appId, id, at) {
      db.run(
        "UPDATE vault_sessions SET revoked_at = coalesce(revoked_at, ?) WHERE id = ? AND app_id = ?",
        at,
        id,
        appId,
      );
      return find(appId, id);
    },
    async forgetVaultSessions(expiredBefore, limit) {
      return db.run(
        "DELETE FROM vault_sessions WHERE id IN (SELECT id FROM vault_sessions WHERE expires_at < ? LIMIT ?)",
        expiredBefore,
        limit,
      );
    },
  };
}
