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
  const find = (appId: string, id: string): VaultSessionRecord | null => {
    const row = db.get<Row>("SELECT * FROM vault_sessions WHERE id = ? AND app_id = ?", id, appId);
    return row ? fromRow(row) : null;
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
      const row = db.get<Row>("SELECT * FROM vault_sessions WHERE token_hash = ?", tokenHash);
      return row ? fromRow(row) : null;
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
