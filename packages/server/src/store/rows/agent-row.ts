import type { AgentRecord } from "../agent-records.ts";

/** An agent as both drivers store it. */
export interface AgentRow {
  id: string;
  app_id: string;
  name: string;
  display_name: string | null;
  type: AgentRecord["type"];
  status: AgentRecord["status"];
  scopes: string;
  metadata: string;
  idempotency_key: string | null;
  body_hash: string | null;
  created_at: number;
  updated_at: number;
}

export const agentFromRow = (row: AgentRow): AgentRecord => ({
  id: row.id,
  appId: row.app_id,
  name: row.name,
  displayName: row.display_name,
  type: row.type,
  status: row.status,
  scopes: JSON.parse(row.scopes) as Record<string, string[]>,
  metadata: JSON.parse(row.metadata) as Record<string, unknown>,
  idempotencyKey: row.idempotency_key,
  bodyHash: row.body_hash,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});
