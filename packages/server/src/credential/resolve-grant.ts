import type { ErrorCode, ProblemDetails, RequestEnvelope } from "@alter-vault/protocol";
import type { Asker } from "../identity/asker.ts";
import { isWithinAgent, isWithinSession, principalsOf, visibility } from "../identity/visible.ts";
import { isLater, type Soon } from "../soon.ts";
import type { AgentStore } from "../store/agent-records.ts";
import type { IdentityStore } from "../store/identity-records.ts";
import type { GrantStore, GrantWithSecret } from "../store/grant-records.ts";

/**
 * Step 3, first half: with which grant? By its id, or by provider among what exists for whoever asks. A grant of another
 * app, of another user, and one that never was give the same answer.
 */
export type ResolvedGrant =
  | { readonly ok: true; readonly found: GrantWithSecret; readonly delegationId: string | null }
  | { readonly ok: false; readonly code: ErrorCode; readonly detail: string; readonly details?: ProblemDetails };

type ResolveStore = Pick<GrantStore, "findGrant" | "findGrantsByProvider" | "findDelegatedGrants"> &
  Pick<AgentStore, "findDelegationOf"> &
  Pick<IdentityStore, "findUser" | "findIdp">;

const MOST_CHOICES = 20;

export function resolveGrant(
  store: ResolveStore,
  asker: Asker,
  { grant_id, provider, account }: Pick<RequestEnvelope, "grant_id" | "provider" | "account">,
  now: number,
): Soon<ResolvedGrant> {
  if ((grant_id === undefined) === (provider === undefined)) {
    return { ok: false, code: "invalid_request", detail: "name either a grant or a provider" };
  }
  if (grant_id === undefined) return byProvider(store, asker, provider ?? "", account, now);
  const found = store.findGrant(asker.appId, grant_id);
  return isLater(found)
    ? found.then((one) => byId(store, asker, one, grant_id, now))
    : byId(store, asker, found, grant_id, now);
}

function byId(
  store: ResolveStore,
  asker: Asker,
  found: GrantWithSecret | null,
  grantId: string,
  now: number,
): Soon<ResolvedGrant> {
  // What most calls are: the app itself, and a grant of its own. Nothing else has to be looked up.
  if (found?.grant.principalType === "system" && !asker.agent && isWithinSession(asker, found.grant)) {
    return { ok: true, found, delegationId: null };
  }
  return found ? ifVisible(store, asker, found, now) : nothing(asker, { grant_id: grantId }, "no grant of this id");
}

async function ifVisible(
  store: ResolveStore,
  asker: Asker,
  found: GrantWithSecret,
  now: number,
): Promise<ResolvedGrant> {
  const seen = await visibility(store, asker, found.grant, now);
  if (!seen.visible) return nothing(asker, { grant_id: found.grant.id }, "no grant of this id");
  return { ok: true, found, delegationId: seen.delegation?.id ?? null };
}

async function byProvider(
  store: ResolveStore,
  asker: Asker,
  provider: string,
  account: string | undefined,
  now: number,
): Promise<ResolvedGrant> {
  const { appId, agent, user } = asker;
  const wanted = { provider, account };
  const own = await store.findGrantsByProvider(appId, wanted, principalsOf(asker), MOST_CHOICES);
  const by = agent && { agentId: agent.id, ...(user ? { userId: user.id } : {}) };
  const lent = by ? await store.findDelegatedGrants(appId, wanted, by, now, MOST_CHOICES) : [];
  const candidates: readonly (GrantWithSecret & { readonly delegationId?: string })[] = [...own, ...lent].filter(
    ({ grant }) => isWithinSession(asker, grant) && (!agent || isWithinAgent(agent, grant)),
  );
  // One whose time is over is told about only when there is no other.
  const living = candidates.filter(({ grant }) => grant.expiresAt === null || grant.expiresAt > now);
  const [first, second] = living.length > 0 ? living : candidates;
  if (!first) return nothing(asker, { provider_id: provider }, `nothing is connected for ${provider}`);
  if (second) {
    const account_identifiers = (living.length > 0 ? living : candidates).map(({ grant }) => nameOf(grant));
    const detail = `${account_identifiers.length} grants for ${provider}; pass the account or the grant id`;
    return { ok: false, code: "ambiguous_grant", detail, details: { provider_id: provider, account_identifiers } };
  }
  return { ok: true, found: first, delegationId: first.delegationId ?? null };
}

function nameOf({ id, label, account }: GrantWithSecret["grant"]): string {
  return label ?? account?.identifier ?? id;
}

function nothing({ agent }: Asker, details: ProblemDetails, detail: string): ResolvedGrant {
  return { ok: false, code: agent ? "no_delegated_grant" : "grant_not_found", detail, details };
}
