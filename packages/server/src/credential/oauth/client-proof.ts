import type { ProviderClient } from "./provider-client.ts";
import { signJwt } from "./jwt.ts";
import type { ClientProof } from "./token-request.ts";

/** How long a signed assertion is good for. */
const ASSERTION_SECONDS = 300;

/** The client's proof for one request. `jti` makes an assertion one of a kind (RFC 7523, 3). */
export function clientProof(client: ProviderClient, audience: string, nowMs: number, jti: string): ClientProof {
  const { clientId, secrets, provider } = client;
  const wantsAssertion = provider.token.clientAuth === "private_key_jwt" && secrets.private_key !== undefined;
  const now = Math.floor(nowMs / 1000);
  const assertion = wantsAssertion
    ? signJwt(
        secrets.private_key ?? "",
        { iss: clientId, sub: clientId, aud: audience, jti, iat: now, exp: now + ASSERTION_SECONDS },
        secrets.private_key_id,
      )
    : null;
  return { clientId, clientSecret: secrets.client_secret, assertion: assertion ?? undefined };
}

/** GitHub Apps: the app shows who it is by a JWT in the `authorization` header. Null when there is no usable key. */
export function appAuthorization({ clientId, secrets }: ProviderClient, nowMs: number): string | null {
  const now = Math.floor(nowMs / 1000);
  // A minute back, as GitHub advises: its clock may be behind.
  const jwt = signJwt(secrets.private_key ?? "", { iss: clientId, iat: now - 60, exp: now + 540 });
  return jwt === null ? null : `Bearer ${jwt}`;
}
