import type { Refresh } from "@alter-vault/providers";
import { Check } from "./check.ts";
import { checkClientAuth, clientParams } from "./client-auth.ts";
import type { Incoming } from "./incoming.ts";
import { fixtureReply, jsonReply, type Reply } from "./reply.ts";
import { urlOf, type Registration } from "./registration.ts";
import { readParams, withNames } from "./request-params.ts";
import { issueTokens } from "./token-answer.ts";
import type { RefreshToken } from "./token-book.ts";

type Supported = Refresh & { readonly supported: true };

/** New tokens for a refresh token, or for the access token itself where the entry says so. */
export function answerRefresh(
  registration: Registration,
  incoming: Incoming,
  now: number,
): { check: Check; reply: Reply } {
  const { provider, book, behaviour } = registration;
  const { refresh, token, fixtures } = provider;
  if (!refresh.supported) throw new Error(`${provider.id} has no refresh`);
  const check = new Check();
  const url = urlOf(registration, refresh.url ?? token.url);
  const params = readParams(check, incoming, refresh.method, refresh.body ?? token.body, url);
  checkParams(check, registration, refresh, params, incoming);
  const proof = params.get(refresh.rename[refresh.with] ?? refresh.with) ?? "";
  if (refresh.with === "refresh_token" && !book.refreshTokens.has(proof)) {
    check.fail("refresh: this refresh token was never given out");
  }
  if (check.problems.length > 0) return { check, reply: invalid(registration) };

  if (refresh.with === "access_token") {
    const old = book.useAccess(proof);
    if (!old) return { check, reply: revoked(registration) };
    if (now - old.issuedAt < (refresh.minAgeSeconds ?? 0) * 1000) {
      check.fail("refresh: the token is not old enough");
      return { check, reply: invalid(registration) };
    }
    old.family.refreshes++;
    return { check, reply: issue(registration, refresh, now, old.family, () => null) };
  }
  const presented = book.presentRefresh(proof, behaviour);
  if (!presented.ok) {
    if (presented.why === "too-young") check.fail("refresh: the token is not old enough");
    return { check, reply: revoked(registration) };
  }
  const old = presented.token;
  old.family.refreshes++;
  const rotates =
    refresh.rotation !== "never" && behaviour.omitsRefreshToken !== true && fixtures.refresh !== undefined;
  const next = (name: string): RefreshToken | null => {
    if (!rotates) return old.name === name ? old : null;
    const successor = book.issueRefresh(old.family, name);
    if (name === old.name) book.replace(old, successor);
    return successor;
  };
  return { check, reply: issue(registration, refresh, now, old.family, next) };
}

function checkParams(
  check: Check,
  registration: Registration,
  refresh: Supported,
  params: URLSearchParams,
  incoming: Incoming,
): void {
  const { provider } = registration;
  const { token, authorize } = provider;
  const clientAuth = refresh.clientAuth ?? token.clientAuth;
  const client = clientParams(clientAuth, registration);
  const standard: Record<string, string | null> = {
    grant_type: "refresh_token",
    [refresh.with]: null,
    // Without a secret there is nothing to be shown: the name of the client is welcome, but not needed.
    ...(clientAuth === "none" ? {} : client),
    ...(refresh.sendScopes ? { scope: null } : {}),
  };
  check.params("refresh", params, { ...withNames(standard, { rename: refresh.rename, omit: [] }), ...refresh.params }, [
    ...(clientAuth === "none" ? ["client_id"] : []),
  ]);
  if (refresh.sendScopes) {
    const separator = authorize?.scopeSeparator === "none" ? " " : (authorize?.scopeSeparator ?? " ");
    const known = new Set([...provider.scopes.map(({ id }) => id), ...(authorize?.alwaysScopes ?? [])]);
    for (const scope of (params.get("scope") ?? "").split(separator)) {
      check.that(known.has(scope), `refresh: there is no scope "${scope}"`);
    }
  }
  check.headers(incoming.headers, token.headers);
  const url = urlOf(registration, refresh.url ?? token.url)?.href ?? "";
  checkClientAuth(check, clientAuth, registration, incoming, params, url);
}

function issue(
  registration: Registration,
  refresh: Supported,
  now: number,
  family: RefreshToken["family"],
  refreshFor: (name: string) => RefreshToken | null,
): Reply {
  const { fixtures, token } = registration.provider;
  const fixture = fixtures.refresh ?? fixtures.token;
  return issueTokens({ registration, family, fixture, answer: refresh.answer ?? token.answer, now, refreshFor });
}

/** The refresh token is dead: the provider's own words for it. */
export function revoked({ provider: { fixtures } }: Registration): Reply {
  return fixtures.refreshRevoked ? fixtureReply(fixtures.refreshRevoked) : jsonReply(400, { error: "invalid_grant" });
}

function invalid({ provider: { fixtures } }: Registration): Reply {
  return fixtures.tokenError ? fixtureReply(fixtures.tokenError) : jsonReply(400, { error: "invalid_request" });
}
