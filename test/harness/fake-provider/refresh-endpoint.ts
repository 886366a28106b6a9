import { textAt, type Fixture, type Refresh, type TokenAnswer } from "@alter-vault/providers";
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
  const { provider, book } = registration;
  const { refresh, token } = provider;
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

  return refresh.with === "access_token"
    ? renewAccess(check, registration, refresh, proof, now)
    : useRefreshToken(check, registration, refresh, proof, now);
}

function useRefreshToken(
  check: Check,
  registration: Registration,
  refresh: Supported,
  proof: string,
  now: number,
): { check: Check; reply: Reply } {
  const { provider, book, behaviour } = registration;
  const { fixtures, token } = provider;
  const presented = book.presentRefresh(proof, behaviour);
  if (!presented.ok) return { check, reply: revoked(registration) };
  const old = presented.token;
  old.family.refreshes++;
  const answer = refresh.answer ?? token.answer;
  const fixture = fixtures.refresh ?? fixtures.token;
  const shows =
    behaviour.omitsRefreshToken === null ? showsRefreshToken(fixture, answer) : !behaviour.omitsRefreshToken;
  const rotates = refresh.rotation !== "never" && shows;
  const next = (name: string): RefreshToken | null => {
    if (!rotates) return old.name === name ? old : null;
    const successor = book.issueRefresh(old.family, name);
    if (name === old.name) book.replace(old, successor);
    return successor;
  };
  const { family } = old;
  const reply = issueTokens({ registration, family, fixture, answer, now, refreshFor: next, showsRefresh: shows });
  return { check, reply };
}

/** There is no refresh token: the access token itself is the proof. */
function renewAccess(
  check: Check,
  registration: Registration,
  refresh: Supported,
  proof: string,
  now: number,
): { check: Check; reply: Reply } {
  const { fixtures, token } = registration.provider;
  const old = registration.book.useAccess(proof);
  if (!old) return { check, reply: revoked(registration) };
  if (now - old.issuedAt < (refresh.minAgeSeconds ?? 0) * 1000) {
    check.fail("refresh: the token is not old enough");
    return { check, reply: invalid(registration) };
  }
  const { family } = old;
  family.refreshes++;
  const fixture = fixtures.refresh ?? fixtures.token;
  const answer = refresh.answer ?? token.answer;
  return { check, reply: issueTokens({ registration, family, fixture, answer, now, refreshFor: () => null }) };
}

function showsRefreshToken(fixture: Fixture, answer: TokenAnswer): boolean {
  const json = fixture.json ?? Object.fromEntries(new URLSearchParams(fixture.text));
  return textAt(json, answer.refreshToken) !== undefined;
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
  const expected = { ...withNames(standard, { rename: refresh.rename, omit: [] }), ...refresh.params };
  check.params("refresh", params, expected, clientAuth === "none" ? ["client_id"] : []);
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

/** The refresh token is dead: the provider's own words for it. */
export function revoked({ provider: { fixtures } }: Registration): Reply {
  return fixtures.refreshRevoked ? fixtureReply(fixtures.refreshRevoked) : jsonReply(400, { error: "invalid_grant" });
}

function invalid({ provider: { fixtures } }: Registration): Reply {
  return fixtures.tokenError ? fixtureReply(fixtures.tokenError) : jsonReply(400, { error: "invalid_request" });
}
