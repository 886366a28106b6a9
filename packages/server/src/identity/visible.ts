import type { AgentRecord, AgentStore, DelegationRecord } from "../store/agent-records.ts";
import type { IdentityStore } from "../store/identity-records.ts";
import { SYSTEM, type GrantFilter, type GrantRecord, type Principal } from "../store/grant-records.ts";
import type { Asker } from "./asker.ts";
import { userStands } from "./user-stands.ts";

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

type VisibleStore = Pick<AgentStore, "findDelegationOf"> & Pick<IdentityStore, "findUser" | "findIdp">;

export type Visibility =
  | { readonly visible: true; readonly delegation: DelegationRecord | null }
  | { readonly visible: false };

const NO: Visibility = { visible: false };
const OWN: Visibility = { visible: true, delegation: null };

/** Whether a grant exists for whoever asks. Looked at for every call anew: a delegation may have ended since the last. */
export async function visibility(
  store: VisibleStore,
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
  store: VisibleStore,
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
  // A delegation is worth as much as the user who gave it: one who was suspended gives nothing. Whoever came with a token
  // was looked at for this very call.
  if (!user && !(await userStands(store, grant.appId, delegation.userId)).ok) return NO;
  return { visible: true, delegation };
}

/** What an agent was registered for; an agent without such a list is not bound by one. */
export function isWithinAgent({ scopes }: AgentRecord, { provider }: Pick<GrantRecord, "provider">): boolean {
  return Object.keys(scopes).length === 0 || Object.hasOwn(scopes, provider);
}

/**
 * Scopes that an account gave and the agent may not have; those the provider always gives do not count. An empty list of
 * a provider rules none out.
 */
export function scopesBeyondAgent(
  { scopes }: AgentRecord,
  provider: string,
  granted: readonly string[],
  always: readonly string[] = [],
): readonly string[] {
  const allowed = Object.hasOwn(scopes, provider) ? (scopes[provider] ?? []) : [];
  if (allowed.length === 0) return [];
  return granted.filter((scope) => !allowed.includes(scope) && !always.includes(scope));
}

/** Whether a grant is shown: the app itself sees all that is its, whoever asks for a user or as an agent what is theirs. */
export async function isShown(store: VisibleStore, asker: Asker, grant: GrantRecord, now: number): Promise<boolean> {
  if (!asker.user && !asker.agent) return true;
  return (await visibility(store, asker, grant, now)).visible;
}

/** The same for a list: what of the app's grants is shown to whoever asks. */
export function visibleFilter(asker: Asker): Pick<GrantFilter, "principals" | "delegated" | "providers" | "ids"> {
  const { user, agent, session } = asker;
  // The app itself sees all that is its.
  if (!user && !agent) return {};
  const registered = agent && Object.keys(agent.scopes).length > 0 ? Object.keys(agent.scopes) : null;
  const limits = [session?.providers ?? null, registered].filter((list) => list !== null);
  const [first, second] = limits;
  return {
    principals: principalsOf(asker),
    ...(agent ? { delegated: { agentId: agent.id, ...(user ? { userId: user.id } : {}) } } : {}),
    ...(first ? { providers: second ? first.filter((one) => second.includes(one)) : first } : {}),
    ...(session?.grants ? { ids: session.grants } : {}),
  };
}

/** A session may be bound to some providers or grants. */
export function isWithinSession({ session }: Asker, grant: Pick<GrantRecord, "provider" | "id">): boolean {
  if (!session) return true;
  if (session.providers && !session.providers.includes(grant.provider)) return false;
  return !session.grants || session.grants.includes(grant.id);
}
