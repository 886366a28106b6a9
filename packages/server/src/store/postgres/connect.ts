import type { ConnectSettings } from "@alter-vault/protocol";
import {
  attemptFromRow,
  attemptValues,
  sessionFromRow,
  sessionValues,
  type AttemptRow,
  type SessionRow,
} from "../rows/connect-rows.ts";
import type { ConnectStore } from "../connect-records.ts";
import type { Database } from "./database.ts";

export function connectStore(db: Database): ConnectStore {
  return {
    async insertConnectSession(session) {
      await db.run(
        "INSERT INTO connect_sessions VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        ...sessionValues(session),
      );
    },
    async findConnectSession(tokenHash) {
      const row = await db.get<SessionRow>("SELECT * FROM connect_sessions WHERE token_hash = $1", tokenHash);
      return row ? sessionFromRow(row) : null;
    },
    async findConnectSessionById(appId, id) {
      const sql = "SELECT * FROM connect_sessions WHERE app_id = $1 AND id = $2";
      const row = await db.get<SessionRow>(sql, appId, id);
      return row ? sessionFromRow(row) : null;
    },
    changeConnectSession: (appId, id, { status, grant, error }) =>
      db.transaction(async (queries) => {
        const sql =
          "SELECT * FROM connect_sessions WHERE app_id = $1 AND id = $2 AND status = 'pending' FOR NO KEY UPDATE";
        const found = await queries.get<SessionRow>(sql, appId, id);
        if (!found) return null;
        const now = sessionFromRow(found);
        const grants = grant ? [...now.grants.filter((other) => other.grant_id !== grant.grant_id), grant] : now.grants;
        const problem = error === undefined ? now.error : error;
        const row = await queries.get<SessionRow>(
          "UPDATE connect_sessions SET status = $1, grants = $2, error = $3 WHERE app_id = $4 AND id = $5 RETURNING *",
          status ?? now.status,
          JSON.stringify(grants),
          problem === null ? null : JSON.stringify(problem),
          appId,
          id,
        );
        return row ? sessionFromRow(row) : null;
      }),
    async insertConnectAttempt(attempt) {
      await db.run(
        "INSERT INTO connect_attempts VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        ...attemptValues(attempt),
      );
    },
    async takeConnectAttempt(stateHash, at) {
      const taken = await db.get<AttemptRow>(
        "UPDATE connect_attempts SET used_at = $2 WHERE state_hash = $1 AND used_at IS NULL RETURNING *",
        stateHash,
        at,
      );
      if (taken) return { ...attemptFromRow(taken), usedAt: null };
      const used = await db.get<AttemptRow>("SELECT * FROM connect_attempts WHERE state_hash = $1", stateHash);
      return used ? attemptFromRow(used) : null;
    },
    async findConnectAttempt(appId, sessionId) {
      const row = await db.get<AttemptRow>(
        "SELECT * FROM connect_attempts WHERE session_id = $1 AND app_id = $2 ORDER BY id DESC LIMIT 1",
        sessionId,
        appId,
      );
      return row ? attemptFromRow(row) : null;
    },
    async forgetConnectSessions(expiredBefore, limit) {
      let forgotten = 0;
      for (const table of ["connect_attempts", "connect_sessions"]) {
        forgotten += await db.run(
          `DELETE FROM ${table} WHERE id IN (
             SELECT id FROM ${table} WHERE expires_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED
           )`,
          expiredBefore,
          limit,
        );
      }
      return forgotten;
    },
    async findConnectSettings(appId) {
      const sql = "SELECT settings FROM connect_settings WHERE app_id = $1";
      const row = await db.get<{ settings: string }>(sql, appId);
      return row ? (JSON.parse(row.settings) as ConnectSettings) : null;
    },
    async putConnectSettings(appId, settings) {
      await db.run(
        `INSERT INTO connect_settings VALUES ($1, $2)
         ON CONFLICT (app_id) DO UPDATE SET settings = excluded.settings`,
        appId,
        JSON.stringify(settings),
      );
    },
  };
}
