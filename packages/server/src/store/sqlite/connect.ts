import type { ConnectSettings } from "@alter-vault/protocol";
import {
  attemptFromRow,
  attemptValues,
  sessionFromRow,
  sessionValues,
  type AttemptRow,
  type SessionRow,
} from "../rows/connect-rows.ts";
import type { ConnectSessionRecord, ConnectStore } from "../connect-records.ts";
import type { Database } from "./database.ts";

export function connectStore(db: Database): ConnectStore {
  const find = (appId: string, id: string): ConnectSessionRecord | null => {
    const row = db.get<SessionRow>("SELECT * FROM connect_sessions WHERE app_id = ? AND id = ?", appId, id);
    return row ? sessionFromRow(row) : null;
  };

  return {
    async insertConnectSession(session) {
      db.run("INSERT INTO connect_sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", ...sessionValues(session));
    },
    async findConnectSession(tokenHash) {
      const row = db.get<SessionRow>("SELECT * FROM connect_sessions WHERE token_hash = ?", tokenHash);
      return row ? sessionFromRow(row) : null;
    },
    findConnectSessionById: async (appId, id) => find(appId, id),
    async changeConnectSession(appId, id, { status, grant, error }) {
      return db.transaction(() => {
        const now = find(appId, id);
        if (now?.status !== "pending") return null;
        const grants = grant ? [...now.grants.filter((other) => other.grant_id !== grant.grant_id), grant] : now.grants;
        const problem = error === undefined ? now.error : error;
        db.run(
          "UPDATE connect_sessions SET status = ?, grants = ?, error = ? WHERE app_id = ? AND id = ?",
          status ?? now.status,
          JSON.stringify(grants),
          problem === null ? null : JSON.stringify(problem),
          appId,
          id,
        );
        return find(appId, id);
      });
    },
    async insertConnectAttempt(attempt) {
      db.run("INSERT INTO connect_attempts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", ...attemptValues(attempt));
    },
    async takeConnectAttempt(stateHash, at) {
      return db.transaction(() => {
        const row = db.get<AttemptRow>("SELECT * FROM connect_attempts WHERE state_hash = ?", stateHash);
        if (!row) return null;
        db.run("UPDATE connect_attempts SET used_at = coalesce(used_at, ?) WHERE id = ?", at, row.id);
        return attemptFromRow(row);
      });
    },
    async findConnectAttempt(appId, sessionId) {
      const row = db.get<AttemptRow>(
        "SELECT * FROM connect_attempts WHERE session_id = ? AND app_id = ? ORDER BY id DESC LIMIT 1",
        sessionId,
        appId,
      );
      return row ? attemptFromRow(row) : null;
    },
    async forgetConnectSessions(expiredBefore, limit) {
      return db.transaction(
        () =>
          db.run(
            "DELETE FROM connect_attempts WHERE id IN (SELECT id FROM connect_attempts WHERE expires_at < ? LIMIT ?)",
            expiredBefore,
            limit,
          ) +
          db.run(
            "DELETE FROM connect_sessions WHERE id IN (SELECT id FROM connect_sessions WHERE expires_at < ? LIMIT ?)",
            expiredBefore,
            limit,
          ),
      );
    },
    async findConnectSettings(appId) {
      const row = db.get<{ settings: string }>("SELECT settings FROM connect_settings WHERE app_id = ?", appId);
      return row ? (JSON.parse(row.settings) as ConnectSettings) : null;
    },
    async putConnectSettings(appId, settings) {
      db.run(
        `INSERT INTO connect_settings VALUES (?, ?)
         ON CONFLICT (app_id) DO UPDATE SET settings = excluded.settings`,
        appId,
        JSON.stringify(settings),
      );
    },
  };
}
