import type { Failure } from "../call.ts";
import type { Asker } from "../identity/asker.ts";
import type { AgentRecord, AgentStore } from "../store/agent-records.ts";
import { SYSTEM, type Principal } from "../store/store.ts";

/** For whom a session connects: the user whose token came with the request, or the app itself. */
export interface SessionOwner {
  readonly appId: string;
  readonly principal: Principal;
  /** A registered agent that may use the grant; null: none, or only a name to be shown. */
  readonly agent: Pick<AgentRecord, "id" | "name" | "displayName"> | null;
}

/** An agent asks for itself; an app may name one, by its id or by its name. */
export async function sessionOwner(
  store: Pick<AgentStore, "findAgent" | "findAgentByName">,
  { appId, user, agent }: Asker,
  named: string | undefined,
): Promise<{ readonly ok: true; readonly owner: SessionOwner } | Failure> {
  const principal: Principal = user ? { type: "user", id: user.id } : SYSTEM;
  const known =
    agent ??
    (named === undefined
      ? null
      : ((await store.findAgent(appId, named)) ?? (await store.findAgentByName(appId, named))));
  if (known?.status === "revoked") {
    return { ok: false, code: "agent_revoked", detail: `the agent ${known.name} was revoked` };
  }
  return { ok: true, owner: { appId, principal, agent: known } };
}
