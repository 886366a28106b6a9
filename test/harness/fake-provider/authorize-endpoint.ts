import { createHmac, randomUUID } from "node:crypto";
import { Check } from "./check.ts";
import type { Incoming } from "./incoming.ts";
import { redirectReply, type Reply } from "./reply.ts";
import { urlOf, type Registration } from "./registration.ts";

/** A code on its way to the token endpoint, and what it is bound to. */
export interface Code {
  readonly value: string;
  readonly scopes: readonly string[];
  readonly challenge: string | null;
  readonly nonce: string | undefined;
  readonly issuedAt: number;
  used: boolean;
  /** Set when it was used: a second use ends it. */
  familyId: string | null;
}

export interface Visit {
  readonly check: Check;
  readonly reply: Reply;
  readonly code: Code | null;
}

/** What the user's browser brings, checked; the user then decides as `behaviour` says, and is sent back. */
export function visitAuthorize(registration: Registration, { query }: Incoming, now: number): Visit {
  const { provider, behaviour } = registration;
  const { authorize } = provider;
  const check = new Check();
  if (!authorize) throw new Error(`${provider.id} has no authorization endpoint`);
  const named = (name: string): string => authorize.rename[name] ?? name;
  checkParams(check, registration, query);
  const scopes = readScopes(check, registration, query);
  const state = query.get(named("state")) ?? "";
  if (authorize.maxStateLength !== undefined)
    check.that(state.length <= authorize.maxStateLength, `state has over ${authorize.maxStateLength} characters`);
  check.that(state.length >= 16, "state is easy to guess");
  if (check.problems.length > 0) {
    return { check, reply: { status: 400, headers: {}, body: check.problems.join("\n") }, code: null };
  }
  const callback = new URL(registration.callbackUrl);
  if (state !== "") callback.searchParams.set("state", state);
  const issuer = urlOf(registration, authorize.issuer);
  if (issuer) callback.searchParams.set("iss", issuer.href.replace(/\/$/, ""));
  if (behaviour.denies) {
    callback.searchParams.set("error", "access_denied");
    return finish(registration, callback, check, null);
  }
  const challenge = query.get("code_challenge");
  const code: Code = {
    value: `fake-${provider.id}-code-${randomUUID()}`,
    scopes: [...behaviour.grants(scopes)],
    challenge,
    nonce: query.get("nonce") ?? undefined,
    issuedAt: now,
    used: false,
    familyId: null,
  };
  if (provider.kind !== "github-app") callback.searchParams.set("code", code.value);
  for (const [name, { from, at }] of Object.entries(provider.variables)) {
    if (from === "callback" && at !== undefined) callback.searchParams.set(at, registration.variables[name] ?? "");
  }
  if (provider.strategy === "shopify-callback-hmac") signShopifyCallback(registration, callback, now);
  return finish(registration, callback, check, code);
}

function finish({ behaviour }: Registration, callback: URL, check: Check, code: Code | null): Visit {
  behaviour.tampersCallback(callback);
  return { check, reply: redirectReply(callback.href), code };
}

function checkParams(check: Check, registration: Registration, query: URLSearchParams): void {
  const { authorize, scopes } = registration.provider;
  if (!authorize) return;
  const standard: Record<string, string | null> = {
    response_type: "code",
    client_id: registration.clientId,
    redirect_uri: registration.redirectUri,
    state: null,
  };
  const expected: Record<string, string | null> = { ...authorize.params };
  for (const [name, value] of Object.entries(standard)) {
    if (!authorize.omit.includes(name)) expected[authorize.rename[name] ?? name] = value;
  }
  if (authorize.pkce !== "unsupported") {
    expected["code_challenge"] = null;
    expected["code_challenge_method"] = "S256";
    const challenge = query.get("code_challenge") ?? "";
    check.that(/^[\w-]{43}$/.test(challenge), "authorize: code_challenge is not a SHA-256");
  }
  const optional = ["login_hint", ...(asksForOpenId(query, authorize.scopeParam) ? ["nonce"] : [])];
  if (authorize.scopeSeparator !== "none") {
    if (authorize.alwaysScopes.length > 0) expected[authorize.scopeParam] = null;
    else if (scopes.length > 0) optional.push(authorize.scopeParam);
    if (authorize.userScopeParam !== undefined) optional.push(authorize.userScopeParam);
  }
  check.params("authorize", query, expected, optional);
}

function asksForOpenId(query: URLSearchParams, scopeParam: string): boolean {
  return /(?:^|[ ,+])openid(?:$|[ ,+])/.test(query.get(scopeParam) ?? "");
}

/** Each part must be a scope of the entry: two that were joined by the wrong separator are none. */
function readScopes(check: Check, { provider }: Registration, query: URLSearchParams): string[] {
  const { authorize, scopes } = provider;
  if (!authorize || authorize.scopeSeparator === "none") return [];
  const separator = authorize.scopeSeparator === "+" ? " " : authorize.scopeSeparator;
  const known = new Map(scopes.map(({ id, audience }) => [id, audience]));
  const read = (param: string, audience: "app" | "user"): string[] => {
    const asked = (query.get(param) ?? "").split(separator).filter((scope) => scope !== "");
    for (const scope of asked) {
      if (!known.has(scope) && !authorize.alwaysScopes.includes(scope))
        check.fail(`authorize: there is no scope "${scope}"`);
      else if (authorize.userScopeParam !== undefined)
        check.that((known.get(scope) ?? "app") === audience, `authorize: ${scope} does not belong into ${param}`);
    }
    return asked;
  };
  const asked = read(authorize.scopeParam, "app");
  if (authorize.userScopeParam !== undefined) asked.push(...read(authorize.userScopeParam, "user"));
  for (const scope of authorize.alwaysScopes) check.that(asked.includes(scope), `authorize: ${scope} is not asked for`);
  return asked;
}

/** Shopify, "Verify the installation request": all parameters but `hmac`, sorted, by the client secret. */
function signShopifyCallback({ clientSecret, variables }: Registration, callback: URL, now: number): void {
  const query = callback.searchParams;
  query.set("shop", `${variables["shop"]}.myshopify.com`);
  query.set("timestamp", String(Math.floor(now / 1000)));
  query.set("host", Buffer.from(`admin.shopify.com/store/${variables["shop"]}`).toString("base64url"));
  const message = [...query]
    .map(([name, value]) => `${name}=${value}`)
    .toSorted()
    .join("&");
  query.set("hmac", createHmac("sha256", clientSecret).update(message).digest("hex"));
}
