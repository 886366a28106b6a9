import { createHash } from "node:crypto";
import type { Provider } from "@alter-vault/providers";
import type { Code } from "./authorize-endpoint.ts";
import { Check } from "./check.ts";
import { checkClientAuth, clientParams } from "./client-auth.ts";
import type { Incoming } from "./incoming.ts";
import { fixtureReply, jsonReply, type Reply } from "./reply.ts";
import { urlOf, type Registration } from "./registration.ts";
import { readParams, withNames } from "./request-params.ts";
import { issueTokens } from "./token-answer.ts";

/** How long a code can be changed for tokens. */
const CODE_MS = 10 * 60_000;

export interface TokenRequest {
  readonly registration: Registration;
  readonly incoming: Incoming;
  readonly codes: ReadonlyMap<string, Code>;
  readonly now: number;
}

/** Code for tokens: RFC 6749 4.1.3 and RFC 7636 4.6, in the words of the entry. */
export function answerCode({ registration, incoming, codes, now }: TokenRequest): { check: Check; reply: Reply } {
  const { provider, book, redirectUri } = registration;
  const { token, authorize, fixtures } = provider;
  const check = new Check();
  const url = urlOf(registration, token.url);
  const params = readParams(check, incoming, "POST", token.body, url);
  const standard: Record<string, string | null> = {
    grant_type: "authorization_code",
    code: null,
    redirect_uri: redirectUri,
    ...(authorize?.pkce === "unsupported" ? {} : { code_verifier: null }),
    ...clientParams(token.clientAuth, registration),
  };
  check.params("token", params, { ...withNames(standard, token), ...token.params });
  check.headers(incoming.headers, token.headers);
  checkClientAuth(check, token.clientAuth, registration, incoming, params, url?.href ?? "");

  if (check.problems.length > 0) return { check, reply: clientRefused(registration) };
  const code = codes.get(params.get(token.rename["code"] ?? "code") ?? "");
  if (!code) check.fail("token: the code was never given out");
  else checkCode(check, code, params.get(token.rename["code_verifier"] ?? "code_verifier"), now);
  if (!code || check.problems.length > 0) {
    // Whoever replays a code ends what came of it (RFC 6749, 4.1.2).
    const family = book.families.find(({ id }) => id === code?.familyId);
    if (family) book.end(family);
    return { check, reply: codeRefused(provider) };
  }
  code.used = true;
  const family = book.openFamily(code.scopes);
  code.familyId = family.id;
  return {
    check,
    reply: issueTokens({
      registration,
      family,
      fixture: fixtures.token,
      answer: token.answer,
      now,
      refreshFor: (name) => (provider.refresh.supported ? book.issueRefresh(family, name) : null),
      nonce: code.nonce,
    }),
  };
}

function checkCode(check: Check, code: Code, verifier: string | null, now: number): void {
  check.that(!code.used, "token: the code was used before");
  check.that(now - code.issuedAt <= CODE_MS, "token: the code is too old");
  if (code.challenge === null) return check.that(verifier === null, "token: there is a verifier, but was no challenge");
  const challenge = createHash("sha256")
    .update(verifier ?? "")
    .digest("base64url");
  check.that(challenge === code.challenge, "token: the verifier does not belong to the challenge");
}

function clientRefused({ provider: { fixtures } }: Registration): Reply {
  return fixtures.tokenError ? fixtureReply(fixtures.tokenError) : jsonReply(401, { error: "invalid_client" });
}

/** In the provider's own words where the entry has some for it. */
function codeRefused({ errors }: Provider): Reply {
  const code = errors.reauth.find((name) => name.includes("code")) ?? "invalid_grant";
  if (errors.inBand) return jsonReply(200, { ok: false, error: code });
  return jsonReply(400, { error: code });
}
