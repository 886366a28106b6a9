import type { AgentRecord, AgentStore } from "../agent-records.ts";
import { agentFromRow, type AgentRow } from "../rows/agent-row.ts";
import type { Database } from "./database.ts";

type OfAgents =
  | "insertAgent"
  | "findAgent"
  | "findAgentByName"
  | "findAgentByIdempotencyKey"
  | "listAgents"
  | "updateAgent"
  | "revokeAgent";

export function agentStore(db: Database): Pick<AgentStore, OfAgents> {
  const one = async (sql: string, ...values: unknown[]): Promise<AgentRecord | null> => {
    const row = await db.get<AgentRow>(sql, ...values);
    return row ? agentFromRow(row) : null;
  };
  const find = (appId: string, id: string): Promise<AgentRecord | null> =>
    one("SELECT * FROM agents WHERE id = $1 AND app_id = $2", id, appId);

  return {
    async insertAgent(agent) {
      const inserted = await db.run(
        "INSERT INTO agents VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING",
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
    findAgent: find,
    findAgentByName: (appId, name) =>
      one("SELECT * FROM agents WHERE app_id = $1 AND name = $2 AND status <> 'revoked'", appId, name),
    findAgentByIdempotencyKey: (appId, key) =>
      one("SELECT * FROM agents WHERE app_id = $1 AND idempotency_key = $2", appId, key),
    async listAgents(appId) {
      return (await db.all<AgentRow>("SELECT * FROM agents WHERE app_id = $1 ORDER BY id", appId)).map(agentFromRow);
    },
    async updateAgent(appId, id, { displayName, scopes, metadata, status }, at) {
      const changed = await one(
        `UPDATE agents SET display_name = CASE WHEN $1::boolean THEN $2 ELSE display_name END,
           scopes = coalesce($3, scopes), metadata = coalesce($4, metadata), status = coalesce($5, status), updated_at = $6
         WHERE id = $7 AND app_id = $8 AND status <> 'revoked' RETURNING *`,
        displayName !== undefined,
        displayName ?? null,
        scopes ? JSON.stringify(scopes) : null,
        metadata ? JSON.stringify(metadata) : null,
        status ?? null,
        at,
        id,
        appId,
      );
      // What is revoked stays as it is, and is shown so.
      return changed ?? find(appId, id);
    },
    revokeAgent: (appId, id, at) =>
      db.transaction(async (queries) => {
        const row = await queries.get<AgentRow>(
          `UPDATE agents SET status = 'revoked', updated_at = CASE WHEN status = 'revoked' THEN updated_at ELSE $1 END
           WHERE id = $2 AND app_id = $3 RETURNING *`,
          at,
          id,
          appId,
        );
        if (!row) return null;
        for (const table of ["api_keys", "delegations"]) {
          await queries.run(
            `UPDATE ${table} SET revoked_at = coalesce(revoked_at, $1) WHERE app_id = $2 AND agent_id = $3`,
            at,
            appId,
            id,
          );
        }
        return agentFromRow(row);
      }),
  };
}
