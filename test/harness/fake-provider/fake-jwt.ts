import { generateKeyPairSync, sign, verify, type KeyObject } from "node:crypto";

/** JWTs of the fake provider: id tokens and access tokens, signed so that a reader who checks is content. */
const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
const KEY_ID = "fake-key-1";

export function fakeJwt(claims: Readonly<Record<string, unknown>>): string {
  const input = `${part({ alg: "RS256", typ: "JWT", kid: KEY_ID })}.${part(claims)}`;
  return `${input}.${sign("sha256", Buffer.from(input), pair.privateKey).toString("base64url")}`;
}

/** What `jwks_uri` answers. */
export function fakeJwks(): unknown {
  const jwk = pair.publicKey.export({ format: "jwk" });
  return { keys: [{ ...jwk, kid: KEY_ID, use: "sig", alg: "RS256" }] };
}

/** The claims of a JWT that was signed with this key; null for any other text. */
export function verifiedClaims(jwt: string, key: KeyObject): Readonly<Record<string, unknown>> | null {
  const [head, payload, signature, ...rest] = jwt.split(".");
  if (head === undefined || payload === undefined || signature === undefined || rest.length > 0) return null;
  if (!verify("sha256", Buffer.from(`${head}.${payload}`), key, Buffer.from(signature, "base64url"))) return null;
  return JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>;
}

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
