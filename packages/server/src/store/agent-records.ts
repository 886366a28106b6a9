/** Workloads with an identity of their own, and what users let them do. */
export interface AgentRecord {
  readonly id: string;
  readonly appId: string;
  readonly name: string;
  readonly displayName: string | null;
  readonly type: "agent" | "service";
  readonly status: "active" | "paused" | "revoked";
  readonly scopes: Readonly<Record<string, readonly string[]>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Of the request that made it, with the hash of its body. */
  readonly idempotencyKey: string | null;
  readonly bodyHash: string | null;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface DelegationRecord {
  readonly id: string;
  readonly appId: string;
  readonly agentId: string;
  readonly grantId: string;
  readonly provider: string;
  readonly userId: string;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
}

export interface AgentStore {
  /** False when a living agent of the app has the name. */
  insertAgent(agent: AgentRecord): Promise<boolean>;
  findAgent(appId: string, id: string): Promise<AgentRecord | null>;
  findAgentByName(appId: string, name: string): Promise<AgentRecord | null>;
  findAgentByIdempotencyKey(appId: string, key: string): Promise<AgentRecord | null>;
  listAgents(appId: string): Promise<AgentRecord[]>;
  updateAgent(
    appId: string,
    id: string,
    change: Partial<Pick<AgentRecord, "displayName" | "scopes" | "metadata" | "status">>,
    at: number,
  ): Promise<AgentRecord | null>;
  /** Revoked, with its keys and delegations, in one write. */
  revokeAgent(appId: string, id: string, at: number): Promise<AgentRecord | null>;

  /** Takes the place of a delegation of the same grant to the same agent. */
  putDelegation(delegation: DelegationRecord): Promise<DelegationRecord>;
  findDelegation(appId: string, id: string): Promise<DelegationRecord | null>;
  /** The one that is not revoked. */
  findDelegationOf(appId: string, agentId: string, grantId: string): Promise<DelegationRecord | null>;
  listDelegations(
    appId: string,
    filter: { readonly agentId?: string; readonly grantId?: string; readonly userId?: string },
  ): Promise<DelegationRecord[]>;
  revokeDelegation(appId: string, id: string, at: number): Promise<DelegationRecord | null>;
  /** All that a user gave. */
  revokeDelegationsOfUser(appId: string, userId: string, at: number): Promise<void>;
}
