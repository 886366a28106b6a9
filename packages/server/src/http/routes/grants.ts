import type { Grant } from "@alter-vault/protocol";
import { toTimestamp } from "../../clock.ts";
import { missingScopes } from "../../credential/oauth/scopes.ts";
import { findPrincipal } from "../../identity/find-principal.ts";
import { isShown, isWithinSession, visibleFilter } from "../../identity/visible.ts";
import type { GrantRecord } from "../../store/grant-records.ts";
import type { OAuthCredentialRecord } from "../../store/oauth-records.ts";
import { pageFields, toPage } from "./page.ts";
import type { RouteDeps } from "./routes.ts";
import { reads, type RouteHandlers } from "./route-handler.ts";

/** A grant as it is shown. Without its tokens' record (a list reads the grants alone) it says nothing about them. */
export function showGrant(grant: GrantRecord, oauth: OAuthCredentialRecord | null, nowMs: number): Grant {
  const expired = grant.status === "active" && grant.expiresAt !== null && grant.expiresAt <= nowMs;
  const missing = oauth ? missingScopes(oauth.askedScopes, oauth.grantedScopes) : [];
  const time = (at: number | null | undefined): string | null => (typeof at === "number" ? toTimestamp(at) : null);
  return {
    grant_id: grant.id,
    app_id: grant.appId,
    grant_kind: grant.secretId === null ? "oauth" : "managed_secret",
    secret_id: grant.secretId,
    provider_id: grant.provider,
    principal_type: grant.principalType,
    principal_id: grant.principalId,
    label: grant.label,
    status: expired ? "expired" : grant.status,
    allow_retrieve: grant.allowRetrieve,
    created_at: toTimestamp(grant.createdAt),
    expires_at: time(grant.expiresAt),
    revoked_at: time(grant.revokedAt),
    account_identifier: grant.account?.identifier ?? null,
    account_display_name: grant.account?.name ?? null,
    scopes: [...(oauth?.grantedScopes ?? [])],
    scope_mismatch: missing.length > 0,
    missing_scopes: missing,
    credential_status: oauth?.state ?? null,
    credential_problem: oauth?.problem ?? null,
    token_expires_at: time(oauth?.tokenExpiresAt),
    last_refreshed_at: time(oauth?.refreshedAt),
    grant_policy: grant.policy,
  };
}

type Ids = "listGrants" | "createGrant" | "getGrant" | "updateGrant";

export function grantRoutes(deps: RouteDeps): RouteHandlers<Ids> {
  const { store, clock, newId } = deps;
  return {
    listGrants: ({ caller, query }) =>
      reads(async () => {
        const { provider_id: provider, status } = query;
        const filter = {
          now: clock.now(),
          ...visibleFilter(caller.asker),
          ...(provider === undefined ? {} : { provider }),
          ...(status === undefined ? {} : { status }),
        };
        const listed = await store.listGrants(caller.appId, filter, toPage(query));
        return {
          grants: listed.records.map(({ grant, oauth }) => showGrant(grant, oauth, filter.now)),
          ...pageFields({ ...listed, records: listed.records.map(({ grant }) => grant) }, query),
        };
      }),

    getGrant: ({ caller, id }) =>
      reads(async () => {
        const found = await store.findGrant(caller.appId, id);
        if (!found || !(await isShown(store, caller.asker, found.grant, clock.now()))) return NOT_FOUND;
        return showGrant(found.grant, found.oauth, clock.now());
      }),

    createGrant: async ({ caller, id, body }) => {
      const secret = await store.findSecret(caller.appId, id);
      if (!secret) return { ok: false, code: "secret_not_found", detail: "no secret of this id" };
      // Retrieve mode hands the credential out: whoever may not store secrets may not switch it on.
      if (body.allow_retrieve && !caller.scopes.includes("secrets:write")) {
        const detail = "allow_retrieve needs the scope secrets:write";
        return { ok: false, code: "insufficient_scope", detail, details: { required_scope: "secrets:write" } };
      }
      if (!isWithinSession(caller.asker, { provider: secret.provider, id: "" })) return TOO_WIDE;
      const { principal } = body;
      return {
        ok: true,
        facts: { secret_id: id, provider: secret.provider, principal_type: principal.type },
        run: async () => {
          const known = await findPrincipal({ ...deps, now: () => clock.now() }, caller.asker, principal);
          if (!known.ok) return known;
          const now = clock.now();
          const grant: GrantRecord = {
            id: newId(),
            appId: caller.appId,
            secretId: id,
            provider: secret.provider,
            principalType: known.principal.type,
            principalId: known.principal.id,
            label: principal.label ?? null,
            status: "active",
            allowRetrieve: body.allow_retrieve,
            createdAt: now,
            expiresAt: body.expires_in_seconds === undefined ? null : now + body.expires_in_seconds * 1000,
            revokedAt: null,
            account: null,
            policy: null,
            data: null,
          };
          await store.insertGrant(grant);
          return { ok: true, body: showGrant(grant, null, now) };
        },
      };
    },

    updateGrant: ({ caller, id, body }) => ({
      ok: true,
      facts: { grant_id: id },
      run: async () => {
        const found = await store.findGrant(caller.appId, id);
        if (!found || !(await isShown(store, caller.asker, found.grant, clock.now()))) return NOT_FOUND;
        const grant = await store.updateGrant(caller.appId, id, {
          ...(body.label === undefined ? {} : { label: body.label }),
          ...(body.allow_retrieve === undefined ? {} : { allowRetrieve: body.allow_retrieve }),
        });
        if (!grant) return NOT_FOUND;
        return { ok: true, body: showGrant(grant, await store.findOAuthCredential(caller.appId, id), clock.now()) };
      },
    }),
  };
}

const NOT_FOUND = { ok: false, code: "grant_not_found", detail: "no grant of this id" } as const;
const TOO_WIDE = { ok: false, code: "session_too_wide", detail: "the session is not for this provider" } as const;
