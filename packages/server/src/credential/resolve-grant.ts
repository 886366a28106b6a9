import type { ErrorCode, ProblemDetails, RequestEnvelope } from "@alter-vault/protocol";
import { isLater, type Soon } from "../soon.ts";
import type { GrantStore, GrantWithSecret } from "../store/store.ts";

/**
 * Step 3, first half: with which grant? By its id, or by provider among the app's system grants. Only what belongs to the
 * caller's app is ever looked at; a grant of another app and one that never was give the same answer.
 */
export type ResolvedGrant =
  | { readonly ok: true; readonly found: GrantWithSecret }
  | { readonly ok: false; readonly code: ErrorCode; readonly detail: string; readonly details?: ProblemDetails };

type Wanted = Pick<RequestEnvelope, "grant_id" | "provider" | "account">;

const MOST_CHOICES = 20;

export function resolveGrant(store: GrantStore, appId: string, wanted: Wanted): Soon<ResolvedGrant> {
  const { grant_id, provider, account } = wanted;
  if ((grant_id === undefined) === (provider === undefined)) {
    return { ok: false, code: "invalid_request", detail: "name either a grant or a provider" };
  }
  if (grant_id === undefined) return resolveByProvider(store, appId, provider ?? "", account);
  const found = store.findGrant(appId, grant_id);
  return isLater(found) ? found.then((one) => byId(one, grant_id)) : byId(found, grant_id);
}

function byId(found: GrantWithSecret | null, grant_id: string): ResolvedGrant {
  if (found) return { ok: true, found };
  return { ok: false, code: "grant_not_found", detail: "no grant of this id", details: { grant_id } };
}

async function resolveByProvider(
  store: GrantStore,
  appId: string,
  name: string,
  account: string | undefined,
): Promise<ResolvedGrant> {
  const candidates = (await store.findGrantsByProvider(appId, name, MOST_CHOICES)).filter(
    ({ grant }) => account === undefined || grant.label === account,
  );
  const [first, second] = candidates;
  if (!first) {
    return {
      ok: false,
      code: "grant_not_found",
      detail: `nothing is connected for ${name}`,
      details: { provider_id: name },
    };
  }
  if (second) {
    const account_identifiers = candidates.map(({ grant }) => grant.label ?? grant.id);
    const detail = `${candidates.length} grants for ${name}; pass the account or the grant id`;
    return { ok: false, code: "ambiguous_grant", detail, details: { provider_id: name, account_identifiers } };
  }
  return { ok: true, found: first };
}
