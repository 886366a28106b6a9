import type { Agent } from "@alter-vault/protocol";

/** A registered agent. */
export interface AgentInfo {
  readonly agentId: string;
  readonly appId: string;
  /** Stable within the app: lower case, digits and dashes. */
  readonly name: string;
  readonly displayName: string | null;
  readonly type: Agent["type"];
  readonly status: Agent["status"];
  /** By provider: the most it may be delegated. Empty: nothing is ruled out. */
  readonly scopes: Readonly<Record<string, readonly string[]>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

export function agentInfo(agent: Agent): AgentInfo {
  return {
    agentId: agent.agent_id,
    appId: agent.app_id,
    name: agent.name,
    displayName: agent.display_name,
    type: agent.type,
    status: agent.status,
    scopes: agent.scopes,
    metadata: agent.metadata,
    createdAt: agent.created_at,
    updatedAt: agent.updated_at,
  };
}
