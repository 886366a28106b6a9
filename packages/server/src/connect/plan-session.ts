import type { ConnectSession, ConnectSessionCreate, ConnectSettings } from "@alter-vault/protocol";
import ipaddr from "ipaddr.js";
import type { z } from "zod";
import type { Failure, Plan } from "../call.ts";
import { toTimestamp } from "../clock.ts";
import type { Asker } from "../identity/asker.ts";
import { allowedOrigin, allowedReturnUrl } from "./allowed-places.ts";
import { checkAsked, chooseProviders, invalidField, wishesOf } from "./check-asked.ts";
import type { ConnectDeps } from "./connect.ts";
import type { SessionOptions } from "./session.ts";
import { beyondSession, sessionOwner, type SessionOwner } from "./session-owner.ts";
import { hashToken, newToken } from "./token.ts";

/**
 * An app's wish for a session, checked against what the operator has set up: providers, scopes, and the places a result
 * may go to. All of it is checked here, once: later steps trust the stored options.
 */
type Asked = z.output<typeof ConnectSessionCreate>;

export const SESSION_TOKEN_PREFIX = "sess_";
const DEFAULT_LIFETIME_SECONDS = 600;
const NO_SETTINGS: ConnectSettings = { display_name: null, website_url: null, return_urls: [], origins: [] };

export async function planSession(deps: ConnectDeps, asker: Asker, asked: Asked): Promise<Plan> {
  const known = await sessionOwner(deps.store, asker, asked.agent);
  if (!known.ok) return known;
  const { appId } = known.owner;
  const checked = await checkOptions(deps, known.owner, asked);
  if (!checked.ok) return checked;
  const { options } = checked;
  const [only, ...others] = options.providers;
  return {
    ok: true,
    facts: {
      ...(others.length === 0 ? { provider: only } : {}),
      ...(options.wishes.grantId === undefined ? {} : { grant_id: options.wishes.grantId }),
    },
    run: async () => {
      const lifetime = asked.expires_in_seconds ?? DEFAULT_LIFETIME_SECONDS;
      const made = await insertSession(deps, appId, options, lifetime);
      const body: ConnectSession = {
        ...made,
        connect_url: `${deps.publicUrl()}/connect?session=${made.session_token}`,
        expires_in: lifetime,
      };
      return { ok: true, body };
    },
  };
}

/** The token is in the answer and nowhere else. */
export async function insertSession(
  { store, clock, random, newId }: ConnectDeps,
  appId: string,
  options: SessionOptions,
  lifetimeSeconds: number,
): Promise<Pick<ConnectSession, "session_id" | "session_token" | "expires_at">> {
  const token = newToken(random, SESSION_TOKEN_PREFIX);
  const createdAt = clock.now();
  const expiresAt = createdAt + lifetimeSeconds * 1000;
  const id = newId();
  await store.insertConnectSession({
    id,
    appId,
    tokenHash: hashToken(token),
    options: JSON.stringify(options),
    status: "pending",
    grants: [],
    error: null,
    createdAt,
    expiresAt,
  });
  return { session_id: id, session_token: token, expires_at: toTimestamp(expiresAt) };
}

async function checkOptions(
  deps: ConnectDeps,
  owner: SessionOwner,
  asked: Asked,
): Promise<{ readonly ok: true; readonly options: SessionOptions } | Failure> {
  const { appId, principal, agent } = owner;
  const settings = (await deps.store.findConnectSettings(appId)) ?? NO_SETTINGS;
  const returnUrl = allowedReturnUrl(asked.return_url, settings, deps.allowLoopback);
  if (!returnUrl.ok) return returnUrl;
  const origin = allowedOrigin(asked.allowed_origin, settings, deps.allowLoopback);
  if (!origin.ok) return origin;
  const ipAddress = asked.metadata?.ip_address ?? null;
  if (ipAddress !== null && !ipaddr.isValid(ipAddress)) return invalidField("metadata.ip_address", "is not an address");
  const again = await reconnected(deps, owner, asked.grant_id);
  if (!again.ok) return again;
  const bound = owner.session?.providers ?? undefined;
  const wanted = asked.allowed_providers ?? (again.grant ? [again.grant.provider] : bound && [...bound]);
  const tooWide = beyondSession(owner, wanted ?? [], asked.grant_id);
  if (tooWide) return tooWide;
  const chosen = await chooseProviders(deps, appId, wanted);
  if (!chosen.ok) return chosen;
  if (again.grant && !chosen.providers.some(({ provider }) => provider.id === again.grant?.provider)) {
    return invalidField("grant_id", `is a grant for ${again.grant.provider}, which is not among the providers`);
  }
  const scopes = withScopesOf(again.grant, asked.required_scopes ?? {});
  const variables = asked.variables ?? {};
  const problem = checkAsked(chosen.providers, scopes, variables);
  if (problem) return problem;
  const wishes = wishesOf(deps, chosen.providers, asked.grant_policy, asked);
  if (!wishes.ok) return wishes;
  const options: SessionOptions = {
    kind: "browser",
    providers: chosen.providers.map(({ provider }) => provider.id),
    returnUrl: returnUrl.place,
    allowedOrigin: origin.place,
    scopes,
    variables,
    agent: agent ? (agent.displayName ?? agent.name) : (asked.agent ?? null),
    loginHint: asked.login_hint ?? again.grant?.account ?? null,
    ipAddress,
    wishes: { ...wishes.wishes, principal, delegateTo: agent?.id },
  };
  return { ok: true, options };
}

interface KnownGrant {
  readonly provider: string;
  readonly account: string | null;
  readonly askedScopes: readonly string[];
}

type Reconnected = { readonly ok: true; readonly grant: KnownGrant | null } | Failure;

/** A grant that is connected again must be one for an account, and still be there. */
async function reconnected(
  { store }: ConnectDeps,
  { appId, principal }: SessionOwner,
  grantId: string | undefined,
): Promise<Reconnected> {
  if (grantId === undefined) return { ok: true, grant: null };
  const found = await store.findGrant(appId, grantId);
  const isTheirs = found?.grant.principalType === principal.type && found.grant.principalId === principal.id;
  if (!found || found.grant.account === null || !isTheirs) {
    return { ok: false, code: "grant_not_found", detail: "no connected account has this grant id" };
  }
  const { provider, account, status } = found.grant;
  if (status === "deleted") return { ok: false, code: "grant_deleted", detail: "connecting makes another grant" };
  const askedScopes = found.oauth?.askedScopes ?? [];
  return { ok: true, grant: { provider, account: account.identifier, askedScopes } };
}

/** A token that is asked for again must not be able to do less: some providers give just what the last request names. */
function withScopesOf(
  grant: KnownGrant | null,
  required: Readonly<Record<string, readonly string[]>>,
): Readonly<Record<string, readonly string[]>> {
  if (!grant || grant.askedScopes.length === 0) return required;
  return { ...required, [grant.provider]: [...new Set([...grant.askedScopes, ...(required[grant.provider] ?? [])])] };
}
