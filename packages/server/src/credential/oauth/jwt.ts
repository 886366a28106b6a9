import { createPrivateKey, sign } from "node:crypto";

/** Signs a JWT with the key of an app, for client assertions and for providers that want one. RS256, ES256 or EdDSA, by the key. */
export function signJwt(
  privateKeyPem: string,
  claims: Readonly<Record<string, string | number>>,
  keyId?: string,
): string | null {
  let key;
  try {
    key = createPrivateKey(privateKeyPem);
  } catch {
    // Checked when it was stored; a key that cannot be read now is told to the operator by the caller.
    return null;
  }
  const how = ALGORITHMS[key.asymmetricKeyType ?? ""];
  if (!how) return null;
  const head = { alg: how.alg, typ: "JWT", ...(keyId === undefined ? {} : { kid: keyId }) };
  const input = `${part(head)}.${part(claims)}`;
  const signature = sign(how.hash, Buffer.from(input), { key, dsaEncoding: "ieee-p1363" });
  return `${input}.${signature.toString("base64url")}`;
}

const ALGORITHMS: Readonly<Record<string, { alg: string; hash: string | null }>> = {
  rsa: { alg: "RS256", hash: "sha256" },
  ec: { alg: "ES256", hash: "sha256" },
  ed25519: { alg: "EdDSA", hash: null },
};

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** The claims of a JWT that came straight from the token endpoint. Null when it is none. */
export function readClaims(jwt: string): Readonly<Record<string, unknown>> | null {
  const [, payload, ...rest] = jwt.split(".");
  if (payload === undefined || rest.length !== 1) return null;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
    return typeof claims === "object" && claims !== null ? (claims as Record<string, unknown>) : null;
  } catch {
    // Not a JWT; opaque tokens are the rule.
    return null;
  }
}
