import type { GrantRevoked, GrantsRevoked } from "@alter-vault/protocol";
import { localOutcome } from "../../audit/entry.ts";
import type { Done, Failure, Plan } from "../../call.ts";
import { toTimestamp } from "../../clock.ts";
import type { Ended } from "../../credential/oauth/end-grant.ts";
import type { GrantRecord } from "../../store/grant-records.ts";
import type { OAuthGrantFilter } from "../../store/oauth-records.ts";
import type { Asker } from "../../identity/asker.ts";
import { isWithinSession } from "../../identity/visible.ts";
import { AUDIT_UNAVAILABLE } from "../../refuse.ts";
import { showGrant } from "./grants.ts";
import type { RouteHandlers } from "./route-handler.ts";
import type { RouteDeps } from "./routes.ts";

type Ids = "revokeGrant" | "disconnectGrant" | "revokeGrants" | "refreshGrant";

const NOT_FOUND = { ok: false, code: "grant_not_found", detail: "no grant of this id" } as const;
const NOT_FOR_AGENTS = { ok: false, code: "agent_not_allowed", detail: "an agent ends no grants" } as const;
const BATCH = 50;
const AT_ONCE = 8;

/** Ending grants, one or many, and renewing what they open. */
export function endGrantRoutes({ store, oauth, clock, newId, log }: RouteDeps): RouteHandlers<Ids> {
  /** A user ends what is theirs, not what is the app's or a group's; an agent ends nothing. */
  async function mayEnd(asker: Asker, id: string): Promise<boolean> {
    const { appId, user, agent } = asker;
    if (agent) return false;
    if (!user) return true;
    const found = await store.findGrant(appId, id);
    return found !== null && isTheirs(asker, found.grant);
  }

  function isTheirs(asker: Asker, grant: GrantRecord): boolean {
    const isOfUser = grant.principalType === "user" && grant.principalId === asker.user?.id;
    return isOfUser && isWithinSession(asker, grant);
  }

  async function end(asker: Asker, id: string, status: "revoked" | "deleted"): Promise<Done | Failure> {
    const { appId } = asker;
    if (!(await mayEnd(asker, id))) return NOT_FOUND;
    const ended = await oauth.end(appId, id, status);
    if (ended) return { ok: true, body: showEnded(ended) };
    const grant = status === "revoked" ? await store.revokeGrant(appId, id, clock.now()) : null;
    return grant ? { ok: true, body: showEnded({ grant, revocation: null }) } : NOT_FOUND;
  }

  /** Each grant of a bulk revocation has an entry of its own, so that its history tells. */
  async function endOne(
    grant: GrantRecord,
    reason: string | null,
    keyId: string,
  ): Promise<Ended | null | "unavailable"> {
    const entryId = newId();
    const entry = {
      kind: "admin",
      action: "revokeGrant",
      app_id: grant.appId,
      key_id: keyId,
      grant_id: grant.id,
      provider: grant.provider,
      reason,
      decision: "allow",
      rule: "base",
    } as const;
    if ((await log.record(entryId, entry, null)) !== "recorded") return "unavailable";
    const ended = await oauth.end(grant.appId, grant.id, "revoked");
    const [outcome, code] = ended ? (["done", null] as const) : (["vault_error", "grant_not_found"] as const);
    log.outcome(entryId, grant.appId, localOutcome(outcome, code, 0));
    return ended;
  }

  return {
    revokeGrant: ({ caller, id, body }): Plan => ({
      ok: true,
      facts: { grant_id: id, reason: body.reason ?? null },
      run: () => end(caller.asker, id, "revoked"),
    }),

    disconnectGrant: ({ caller, id, body }): Plan => ({
      ok: true,
      facts: { grant_id: id, reason: body.reason ?? null },
      run: () => end(caller.asker, id, "deleted"),
    }),

    refreshGrant: ({ caller, id }): Plan => ({
      ok: true,
      facts: { grant_id: id },
      run: async () => {
        if (!(await mayEnd(caller.asker, id))) return NOT_FOUND;
        const fresh = await oauth.refreshNow(caller.appId, id);
        if (fresh && !fresh.ok) return fresh;
        const found = await store.findGrant(caller.appId, id);
        return fresh && found ? { ok: true, body: showGrant(found.grant, fresh.credential, clock.now()) } : NOT_FOUND;
      },
    }),

    revokeGrants: ({ caller, body }): Plan => ({
      ok: true,
      facts: { reason: body.reason ?? null, ...(body.provider_id === undefined ? {} : { provider: body.provider_id }) },
      run: async () => {
        const { asker } = caller;
        if (asker.agent) return NOT_FOR_AGENTS;
        const filter: OAuthGrantFilter = {
          ...(asker.user ? { principal: { type: "user", id: asker.user.id } as const } : {}),
          ...(body.provider_id === undefined ? {} : { provider: body.provider_id }),
          ...(body.account_identifier === undefined ? {} : { accountIdentifier: body.account_identifier }),
          ...(body.created_before === undefined ? {} : { createdBefore: Date.parse(body.created_before) }),
          ...(body.created_after === undefined ? {} : { createdAfter: Date.parse(body.created_after) }),
        };
        const result: GrantsRevoked = {
          matched: 0,
          revoked: 0,
          revoked_at_provider: 0,
          failed_at_provider: [],
          dry_run: body.dry_run,
        };
        let after = "";
        for (;;) {
          const grants = await store.findOAuthGrants(caller.appId, filter, after, BATCH);
          const last = grants.at(-1);
          if (!last) return { ok: true, body: result };
          after = last.id;
          const matched = asker.user ? grants.filter((grant) => isTheirs(asker, grant)) : grants;
          result.matched += matched.length;
          if (body.dry_run) continue;
          for (let from = 0; from < matched.length; from += AT_ONCE) {
            const some = matched.slice(from, from + AT_ONCE);
            const all = await Promise.all(some.map((grant) => endOne(grant, body.reason ?? null, caller.keyId)));
            for (const ended of all) if (ended && ended !== "unavailable") count(result, ended);
            if (all.includes("unavailable")) return AUDIT_UNAVAILABLE;
          }
        }
      },
    }),
  };
}

function count(result: GrantsRevoked, { grant, revocation }: Ended): void {
  result.revoked++;
  if (revocation.result === "done") result.revoked_at_provider++;
  if (revocation.result === "failed") {
    result.failed_at_provider.push({ grant_id: grant.id, detail: revocation.detail ?? "" });
  }
}

function showEnded({
  grant,
  revocation,
}: Pick<Ended, "grant"> & { readonly revocation: Ended["revocation"] | null }): GrantRevoked {
  return {
    grant_id: grant.id,
    revoked_at: toTimestamp(grant.revokedAt ?? 0),
    success: true,
    message: messageOf(revocation),
    provider_revocation: revocation?.result ?? "not_applicable",
    provider_detail: revocation?.detail ?? null,
    manual_url: revocation?.manualUrl ?? null,
  };
}

function messageOf(revocation: Ended["revocation"] | null): string {
  switch (revocation?.result) {
    case undefined:
      return "The grant was revoked.";
    case "done":
      return "The grant was revoked, here and at the provider, and its tokens were deleted.";
    case "failed":
      return "The grant was revoked and its tokens were deleted. The provider did not take the revocation.";
    case "not_supported":
      return "The grant was revoked and its tokens were deleted. The provider has no revocation; the user can finish there.";
  }
}
