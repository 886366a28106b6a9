import type { ClientAuth } from "@alter-vault/providers";
import type { Check } from "./check.ts";
import { verifiedClaims } from "./fake-jwt.ts";
import type { Incoming } from "./incoming.ts";
import type { Registration } from "./registration.ts";

/** The parameters that a way of client authentication puts among the others; their values are checked with the rest. */
export function clientParams(
  how: ClientAuth,
  { clientId, clientSecret }: Registration,
): Readonly<Record<string, string | null>> {
  switch (how) {
    case "basic":
      return {};
    case "none":
      return { client_id: clientId };
    case "post":
      return { client_id: clientId, client_secret: clientSecret };
    case "private_key_jwt":
      return {
        client_id: clientId,
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion: null,
      };
  }
}

/** The `authorization` header, and the assertion: RFC 6749 2.3.1, and no second way beside the right one (2.3). */
export function checkClientAuth(
  check: Check,
  how: ClientAuth,
  registration: Registration,
  { headers }: Incoming,
  params: URLSearchParams,
  audience: string,
): void {
  const authorization = headers["authorization"];
  if (how === "basic") checkBasic(check, registration, authorization);
  else check.that(authorization === undefined, `the client shows itself by header, though ${how} is wanted`);
  if (how === "private_key_jwt") checkAssertion(check, registration, params.get("client_assertion") ?? "", audience);
}

export function checkBasic(
  check: Check,
  { clientId, clientSecret }: Registration,
  authorization: string | undefined,
): void {
  const encoded = /^Basic ([A-Za-z0-9+/]+=*)$/.exec(authorization ?? "")?.[1];
  if (encoded === undefined) return check.fail("client authentication by Basic is missing");
  const [id = "", secret = "", ...rest] = Buffer.from(encoded, "base64").toString().split(":");
  check.that(rest.length === 0, "the Basic credential is not form-encoded before it is joined");
  check.that(formDecode(id) === clientId, `the Basic credential names the client "${formDecode(id)}"`);
  check.that(formDecode(secret) === clientSecret, "the Basic credential holds another secret");
}

function checkAssertion(check: Check, { clientKey, clientId }: Registration, jwt: string, audience: string): void {
  const claims = verifiedClaims(jwt, clientKey);
  if (!claims) return check.fail("client_assertion is not signed with the client's key");
  check.that(claims["iss"] === clientId && claims["sub"] === clientId, "client_assertion is of another client");
  check.that(claims["aud"] === audience, `client_assertion is for ${String(claims["aud"])}, not for ${audience}`);
  check.that(
    typeof claims["exp"] === "number" && typeof claims["jti"] === "string",
    "client_assertion has no exp or jti",
  );
}

function formDecode(text: string): string {
  return new URLSearchParams(`x=${text}`).get("x") ?? "";
}
