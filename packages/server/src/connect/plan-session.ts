import type { ConnectSession, ConnectSessionCreate, ConnectSettings } from "@alter-vault/protocol";
import ipaddr from "ipaddr.js";
import type { z } from "zod";
import type { Failure, Plan } from "../call.ts";
import { toTimestamp } from "../clock.ts";
import { allowedOrigin, allowedReturnUrl } from "./allowed-places.ts";
import { checkAsked, chooseProviders, invalidField, wishesOf } from "./check-asked.ts";
import { SYSTEM } from "../store/store.ts";
import type { ConnectDeps } from "./connect.ts";
import type { SessionOptions } from "./session.ts";
import { hashToken, newToken } from "./token.ts";

/**
 * An app's wish for a session, checked against what the operator has set up: providers, scopes, and the places a result
 * may go to. All of it is checked here, once: later steps trust the stored options.
 */
type Asked = z.output<typeof ConnectSessionCreate>;

export const SESSION_TOKEN_PREFIX = "sess_";
const DEFAULT_LIFETIME_SECONDS = 600;
const NO_SETTINGS: ConnectSettings = { display_name: null, website_url: null, return_urls: [], origins: [] };

export async function planSession(deps: ConnectDeps, appId: string, asked: Asked): Promise<Plan> {
  const checked = await checkOptions(deps, appId, asked);
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
    principal: SYSTEM,
    agentId: null,
  });
  return { session_id: id, session_token: token, expires_at: toTimestamp(expiresAt) };
}

async function checkOptions(
  deps: ConnectDeps,
  appId: string,
  asked: Asked,
): Promise<{ readonly ok: true; readonly options: SessionOptions } | Failure> {
  const settings = (await deps.store.findConnectSettings(appId)) ?? NO_SETTINGS;
  const returnUrl = allowedReturnUrl(asked.return_url, settings, deps.allowLoopback);
  if (!returnUrl.ok) return returnUrl;
  const origin = allowedOrigin(asked.allowed_origin, settings, deps.allowLoopback);
  if (!origin.ok) return origin;
  const ipAddress = asked.metadata?.ip_address ?? null;
  if (ipAddress !== null && !ipaddr.isValid(ipAddress)) return invalidField("metadata.ip_address", "is not an address");
  const again = await reconnected(deps, appId, asked.grant_id);
  if (!again.ok) return again;
  const wanted = asked.allowed_providers ?? (again.grant ? [again.grant.provider] : undefined);
  const chosen = await chooseProviders(deps, appId, wanted);
  if (!chosen.ok) return chosen;
  if (again.grant && !chosen.providers.some(({ provider }) => provider.id === again.grant?.provider)) {
    return invalidField("grant_id", `is a grant for ${again.grant.provider}, which is not among the providers`);
  }
  const scopes = asked.required_scopes ?? {};
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
    agent: asked.agent ?? null,
    loginHint: asked.login_hint ?? again.grant?.account ?? null,
    ipAddress,
    wishes: wishes.wishes,
  };
  return { ok: true, options };
}

type Reconnected =
  | { readonly ok: true; readonly grant: { readonly provider: string; readonly account: string | null } | null }
  | Failure;

/** A grant that is connected again must be one for an account, and still be there. */
async function reconnected({ store }: ConnectDeps, appId: string, grantId: string | undefined): Promise<Reconnected> {
  if (grantId === undefined) return { ok: true, grant: null };
  const found = await store.findGrant(appId, grantId);
  if (!found || found.grant.account === null) {
    return { ok: false, code: "grant_not_found", detail: "no connected account has this grant id" };
  }
  const { provider, account, status } = found.grant;
  if (status === "deleted") return { ok: false, code: "grant_deleted", detail: "connecting makes another grant" };
  return { ok: true, grant: { provider, account: account.identifier } };
}
