import type { Failure } from "../call.ts";
import type { Asker } from "../identity/asker.ts";
import type { AgentRecord, AgentStore } from "../store/agent-records.ts";
import type { VaultSessionRecord } from "../store/identity-records.ts";
import { SYSTEM, type Principal } from "../store/grant-records.ts";

/** For whom a session connects: the user whose token came with the request, or the app itself. */
export interface SessionOwner {
  readonly appId: string;
  readonly principal: Principal;
  /** A registered agent that may use the grant; null: none, or only a name to be shown. */
  readonly agent: Pick<AgentRecord, "id" | "name" | "displayName"> | null;
  /** What the vault session that asks is bound to; it cannot connect what it could not use. */
  readonly session: Pick<VaultSessionRecord, "providers" | "grants"> | null;
}

/** An agent asks for itself; an app may name one, by its id or by its name. */
export async function sessionOwner(
  store: Pick<AgentStore, "findAgent" | "findAgentByName">,
  { appId, user, agent, session }: Asker,
  named: string | undefined,
): Promise<{ readonly ok: true; readonly owner: SessionOwner } | Failure> {
  // What an agent connects must be somebody's who lets it: what is the app's, it could not even see.
  if (agent && !user) {
    return { ok: false, code: "user_token_missing", detail: "an agent connects accounts of users: send their token" };
  }
  const principal: Principal = user ? { type: "user", id: user.id } : SYSTEM;
  const known =
    agent ??
    (named === undefined
      ? null
      : ((await store.findAgent(appId, named)) ?? (await store.findAgentByName(appId, named))));
  if (known?.status === "revoked") {
    return { ok: false, code: "agent_revoked", detail: `the agent ${known.name} was revoked` };
  }
  return { ok: true, owner: { appId, principal, agent: known, session } };
}

/** Null: the session that asks, if any, reaches that far. */
export function beyondSession(
  { session }: SessionOwner,
  providers: readonly string[],
  grantId: string | undefined,
): Failure | null {
  const provider = session?.providers && providers.find((one) => !session.providers?.includes(one));
  if (provider) return { ok: false, code: "session_too_wide", detail: `the session is not for ${provider}` };
  if (session?.grants && (grantId === undefined || !session.grants.includes(grantId))) {
    return { ok: false, code: "session_too_wide", detail: "the session is for some grants only" };
  }
  return null;
}
