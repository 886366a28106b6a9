import type { AgentRecord, AgentStore, DelegationRecord } from "../store/agent-records.ts";
import { SYSTEM, type GrantRecord, type Principal } from "../store/store.ts";
import type { Asker } from "./asker.ts";

/**
 * What exists for whoever asks. Without a user: what belongs to the app itself. With one: what is theirs or a group's they
 * are in; the app's own only by its id. An agent sees what was issued to it and what users let it use, and nothing else.
 */
export function principalsOf({ agent, user }: Asker): readonly Principal[] {
  if (agent) return [{ type: "agent", id: agent.id }];
  if (!user) return APP;
  return [{ type: "user", id: user.id }, ...user.groups.map(({ id }): Principal => ({ type: "group", id }))];
}

const APP: readonly Principal[] = [SYSTEM];

export type Visibility =
  | { readonly visible: true; readonly delegation: DelegationRecord | null }
  | { readonly visible: false };

const NO: Visibility = { visible: false };
const OWN: Visibility = { visible: true, delegation: null };

/** Whether a grant exists for whoever asks. Looked at for every call anew: a delegation may have ended since the last. */
export async function visibility(
  store: Pick<AgentStore, "findDelegationOf">,
  asker: Asker,
  grant: GrantRecord,
  now: number,
): Promise<Visibility> {
  if (!isWithinSession(asker, grant)) return NO;
  const { principalType: type, principalId: id } = grant;
  if (asker.agent) {
    if (!isWithinAgent(asker.agent, grant)) return NO;
    if (type === "agent" && id === asker.agent.id) return OWN;
    return delegated(store, asker, grant, now);
  }
  if (type === "system") return OWN;
  if (!asker.user) return NO;
  return principalsOf(asker).some((principal) => principal.type === type && principal.id === id) ? OWN : NO;
}

async function delegated(
  store: Pick<AgentStore, "findDelegationOf">,
  { agent, user }: Asker,
  grant: GrantRecord,
  now: number,
): Promise<Visibility> {
  if (!agent || grant.principalType !== "user") return NO;
  const delegation = await store.findDelegationOf(grant.appId, agent.id, grant.id);
  if (!delegation || delegation.revokedAt !== null) return NO;
  if (delegation.expiresAt !== null && delegation.expiresAt <= now) return NO;
  // The user who let the agent in must still be the one the grant belongs to; with a user's token, that very user.
  if (delegation.userId !== grant.principalId) return NO;
  if (user && user.id !== grant.principalId) return NO;
  return { visible: true, delegation };
}

/** What an agent was registered for; an agent without such a list is not bound by one. */
export function isWithinAgent({ scopes }: AgentRecord, { provider }: GrantRecord): boolean {
  return Object.keys(scopes).length === 0 || Object.hasOwn(scopes, provider);
}

/** A session may be bound to some providers or grants. */
export function isWithinSession({ session }: Asker, grant: GrantRecord): boolean {
  if (!session) return true;
  if (session.providers && !session.providers.includes(grant.provider)) return false;
  return !session.grants || session.grants.includes(grant.id);
}
