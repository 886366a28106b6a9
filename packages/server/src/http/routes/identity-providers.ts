import type { IdentityProvider, IdpClaims } from "@alter-vault/protocol";
import type { Failure, Plan } from "../../call.ts";
import { toTimestamp } from "../../clock.ts";
import { discoverIdp } from "../../identity/discover-idp.ts";
import { presetOf } from "../../identity/idp-presets.ts";
import { removeIdp } from "../../identity/offboard-user.ts";
import { sealIdpSecrets } from "../../identity/idp-secrets.ts";
import { tokenHash } from "../../identity/token-hash.ts";
import type { IdpRecord } from "../../store/identity-records.ts";
import { reads, type RouteHandlers } from "./route-handler.ts";
import type { RouteDeps } from "./routes.ts";

type Ids =
  | "listIdentityProviders"
  | "discoverIdentityProvider"
  | "createIdentityProvider"
  | "getIdentityProvider"
  | "updateIdentityProvider"
  | "deleteIdentityProvider"
  | "putIdentityProviderWebhook"
  | "createScimToken";

const NOT_FOUND = {
  ok: false,
  code: "identity_provider_not_found",
  detail: "no identity provider of this id",
} as const;

const MOVED = {
  ok: false,
  code: "conflict",
  detail: "somebody changed the identity provider in the same moment; look at it, and try again",
} as const;

const LOCKED = {
  ok: false,
  code: "conflict",
  detail: "users have signed in: what tells who they are cannot be changed any more",
} as const;

/** Whose tokens an app trusts. */
export function identityProviderRoutes(deps: RouteDeps): RouteHandlers<Ids> {
  const { store, ask, clock, newId, random, keyring, publicUrl } = deps;

  const show = async (idp: IdpRecord): Promise<IdentityProvider> => ({
    idp_id: idp.id,
    app_id: idp.appId,
    name: idp.name,
    preset: idp.preset as IdentityProvider["preset"],
    issuer: idp.issuer,
    audiences: [...idp.audiences],
    authorized_parties: [...idp.authorizedParties],
    algorithms: [...idp.algorithms],
    jwks_url: idp.jwksUrl,
    claims: idp.claims,
    claims_locked: await store.hasUsers(idp.appId, idp.id),
    client_id: idp.clientId,
    status: idp.status,
    webhook: idp.webhookKind,
    webhook_url: `${publicUrl()}/webhooks/idp/${idp.id}`,
    scim_enabled: idp.scimTokenHash !== null,
    scim_url: `${publicUrl()}/scim/v2/${idp.id}`,
    created_at: toTimestamp(idp.createdAt),
    updated_at: toTimestamp(idp.updatedAt),
  });

  const change = (
    appId: string,
    id: string,
    how: (idp: IdpRecord) => Promise<IdpRecord | Failure> | IdpRecord,
    body: (changed: IdpRecord) => unknown = show,
  ): Plan => ({
    ok: true,
    run: async () => {
      const idp = await store.findIdp(appId, id);
      if (!idp) return NOT_FOUND;
      const wanted = await how(idp);
      if ("ok" in wanted) return wanted;
      // Later than before, whatever the clock says: what was verified by the old settings must be noticed as old.
      const updatedAt = Math.max(clock.now(), idp.updatedAt + 1);
      const changed = await store.updateIdp({ ...wanted, updatedAt }, idp.updatedAt);
      return changed ? { ok: true, body: await body(changed) } : MOVED;
    },
  });

  return {
    listIdentityProviders: ({ caller }) =>
      reads(async () => ({ identity_providers: await Promise.all((await store.listIdps(caller.appId)).map(show)) })),

    discoverIdentityProvider: ({ body }) => ({
      ok: true,
      run: async () => {
        const found = await discoverIdp(ask, body.issuer, body.preset);
        return found.ok ? { ok: true, body: found.preview } : found;
      },
    }),

    createIdentityProvider: ({ caller, body }) => ({
      ok: true,
      run: async () => {
        const found = await discoverIdp(ask, body.issuer, body.preset);
        if (!found.ok) return found;
        const { preview } = found;
        const now = clock.now();
        const id = newId();
        const idp: IdpRecord = {
          id,
          appId: caller.appId,
          name: body.name ?? presetOf(preview.preset).name,
          preset: preview.preset,
          issuer: preview.issuer,
          audiences: body.audiences,
          authorizedParties: body.authorized_parties ?? [],
          algorithms: body.algorithms ?? preview.algorithms,
          jwksUrl: preview.jwks_url,
          claims: withClaims(preview.claims, body.claims),
          clientId: body.client_id ?? null,
          status: "active",
          webhookKind: null,
          sealedSecrets: await sealIdpSecrets(keyring, caller.appId, id, {}),
          scimTokenHash: null,
          createdAt: now,
          updatedAt: now,
        };
        const inserted = await store.insertIdp(idp);
        if (!inserted)
          return { ok: false, code: "conflict", detail: "the app has an identity provider of this issuer" };
        return { ok: true, body: await show(idp) };
      },
    }),

    getIdentityProvider: ({ caller, id }) =>
      reads(async () => {
        const idp = await store.findIdp(caller.appId, id);
        return idp ? show(idp) : NOT_FOUND;
      }),

    updateIdentityProvider: ({ caller, id, body }) =>
      change(caller.appId, id, async (now) => {
        const userId = body.claims?.user_id;
        if (userId !== undefined && userId !== now.claims.user_id && (await store.hasUsers(caller.appId, id))) {
          return LOCKED;
        }
        return {
          ...now,
          name: body.name ?? now.name,
          audiences: body.audiences ?? now.audiences,
          authorizedParties: body.authorized_parties ?? now.authorizedParties,
          algorithms: body.algorithms ?? now.algorithms,
          claims: withClaims(now.claims, body.claims),
          clientId: body.client_id === undefined ? now.clientId : body.client_id,
          status: body.status ?? now.status,
        };
      }),

    deleteIdentityProvider: ({ caller, id }) => ({
      ok: true,
      run: async () => {
        const idp = await store.findIdp(caller.appId, id);
        if (!idp) return NOT_FOUND;
        return (await removeIdp(deps, caller.appId, id)) ? { ok: true, body: await show(idp) } : MOVED;
      },
    }),

    putIdentityProviderWebhook: ({ caller, id, body }) =>
      change(caller.appId, id, async (now) => ({
        ...now,
        webhookKind: body.kind,
        sealedSecrets: await sealIdpSecrets(keyring, caller.appId, id, { webhook_secret: body.secret }),
      })),

    createScimToken: ({ caller, id }) => {
      const scim_token = `alter_scim_${random(32).toString("base64url")}`;
      return change(
        caller.appId,
        id,
        (now) => ({ ...now, scimTokenHash: tokenHash(scim_token) }),
        (changed) => ({ scim_url: `${publicUrl()}/scim/v2/${changed.id}`, scim_token }),
      );
    },
  };
}

type ClaimsChange = { readonly [Name in keyof IdpClaims]?: IdpClaims[Name] | undefined };

function withClaims(before: IdpClaims, change: ClaimsChange = {}): IdpClaims {
  return {
    user_id: change.user_id ?? before.user_id,
    email: change.email ?? before.email,
    name: change.name ?? before.name,
    groups: change.groups === undefined ? before.groups : change.groups,
  };
}
