import type { SQLInputValue } from "node:sqlite";
import type { AgentRecord, AgentStore, DelegationRecord } from "../agent-records.ts";
import { agentFromRow, type AgentRow } from "../rows/agent-row.ts";
import type { Database } from "./database.ts";

const DELEGATION = `id, app_id AS appId, agent_id AS agentId, grant_id AS grantId, provider, user_id AS userId,
  created_at AS createdAt, expires_at AS expiresAt, revoked_at AS revokedAt`;

export function agentStore(db: Database): AgentStore {
  const find = (appId: string, id: string): AgentRecord | null => {
    const row = db.get<AgentRow>("SELECT * FROM agents WHERE id = ? AND app_id = ?", id, appId);
    return row ? agentFromRow(row) : null;
  };
  const findDelegation = (appId: string, id: string): DelegationRecord | null =>
    db.get<DelegationRecord>(`SELECT ${DELEGATION} FROM delegations WHERE id = ? AND app_id = ?`, id, appId) ?? null;

  return {
    async insertAgent(agent) {
      const inserted = db.run(
        "INSERT INTO agents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        agent.id,
        agent.appId,
        agent.name,
        agent.displayName,
        agent.type,
        agent.status,
        JSON.stringify(agent.scopes),
        JSON.stringify(agent.metadata),
        agent.idempotencyKey,
        agent.bodyHash,
        agent.createdAt,
        agent.updatedAt,
      );
      return inserted === 1;
    },
    findAgent: async (appId, id) => find(appId, id),
    async findAgentByName(appId, name) {
      const row = db.get<AgentRow>(
        "SELECT * FROM agents WHERE app_id = ? AND name = ? AND status <> 'revoked'",
        appId,
        name,
      );
      return row ? agentFromRow(row) : null;
    },
    async findAgentByIdempotencyKey(appId, key) {
      const row = db.get<AgentRow>("SELECT * FROM agents WHERE app_id = ? AND idempotency_key = ?", appId, key);
      return row ? agentFromRow(row) : null;
    },
    async listAgents(appId) {
      return db.all<AgentRow>("SELECT * FROM agents WHERE app_id = ? ORDER BY id", appId).map(agentFromRow);
    },
    async updateAgent(appId, id, { displayName, scopes, metadata, status }, at) {
      return db.transaction(() => {
        const now = find(appId, id);
        if (!now || now.status === "revoked") return now;
        db.run(
          `UPDATE agents SET display_name = ?, scopes = ?, metadata = ?, status = ?, updated_at = ?
           WHERE id = ? AND app_id = ?`,
          displayName === undefined ? now.displayName : displayName,
          JSON.stringify(scopes ?? now.scopes),
          JSON.stringify(metadata ?? now.metadata),
          status ?? now.status,
          at,
          id,
          appId,
        );
        return find(appId, id);
      });
    },
    async revokeAgent(appId, id, at) {
      return db.transaction(() => {
        if (!find(appId, id)) return null;
        db.run(
          "UPDATE agents SET status = 'revoked', updated_at = ? WHERE id = ? AND app_id = ? AND status <> 'revoked'",
          at,
          id,
          appId,
        );
        db.run(
          "UPDATE api_keys SET revoked_at = coalesce(revoked_at, ?) WHERE app_id = ? AND agent_id = ?",
          at,
          appId,
          id,
        );
        db.run(
          "UPDATE delegations SET revoked_at = coalesce(revoked_at, ?) WHERE app_id = ? AND agent_id = ?",
          at,
          appId,
          id,
        );
        return find(appId, id);
      });
    },

    async putDelegation(delegation) {
      return db.transaction(() => {
        const { id, appId, agentId, grantId, provider, userId, createdAt, expiresAt, revokedAt } = delegation;
        db.run(
          "UPDATE delegations SET revoked_at = ? WHERE app_id = ? AND agent_id = ? AND grant_id = ? AND revoked_at IS NULL",
          createdAt,
          appId,
          agentId,
          grantId,
        );
        db.run(
          "INSERT INTO delegations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
          id,
          appId,
          agentId,
          grantId,
          provider,
          userId,
          createdAt,
          expiresAt,
          revokedAt,
        );
        return delegation;
      });
    },
    findDelegation: async (appId, id) => findDelegation(appId, id),
    async findDelegationOf(appId, agentId, grantId) {
      return (
        db.get<DelegationRecord>(
          `SELECT ${DELEGATION} FROM delegations
           WHERE app_id = ? AND agent_id = ? AND grant_id = ? AND revoked_at IS NULL`,
          appId,
          agentId,
          grantId,
        ) ?? null
      );
    },
    async listDelegations(appId, { agentId, grantId, userId }) {
      const parts = ["app_id = ?"];
      const values: SQLInputValue[] = [appId];
      for (const [column, value] of [
        ["agent_id", agentId],
        ["grant_id", grantId],
        ["user_id", userId],
      ] as const) {
        if (value === undefined) continue;
        parts.push(`${column} = ?`);
        values.push(value);
      }
      return db.all<DelegationRecord>(
        `SELECT ${DELEGATION} FROM delegations WHERE ${parts.join(" AND ")} ORDER BY id`,
        ...values,
      );
    },
    async revokeDelegation(appId, id, at) {
      db.run("UPDATE delegations SET revoked_at = coalesce(revoked_at, ?) WHERE id = ? AND app_id = ?", at, id, appId);
      return findDelegation(appId, id);
    },
    async revokeDelegationsOfUser(appId, userId, at) {
      db.run(
        "UPDATE delegations SET revoked_at = ? WHERE app_id = ? AND user_id = ? AND revoked_at IS NULL",
        at,
        appId,
        userId,
      );
    },
  };
}
