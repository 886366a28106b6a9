import { createHash, generateKeyPairSync, sign } from "node:crypto";
import type { ServerResponse } from "node:http";

/** An identity provider for a test: users of the program under test sign in at it, and the vault knows its keys. */
export interface FakeIdp {
  readonly host: string;
  readonly issuer: string;
  readonly audience: string;
  /** A JWT of this user, good for an hour. */
  tokenFor(subject: string, claims?: Readonly<Record<string, unknown>>): string;
  serve(path: string, response: ServerResponse): void;
}

export function createFakeIdp(now: () => number): FakeIdp {
  const host = "idp.example";
  const issuer = `https://${host}`;
  const audience = "fake-app";
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwk = publicKey.export({ format: "jwk" });
  const kid = createHash("sha256").update(JSON.stringify(jwk)).digest("base64url").slice(0, 12);
  const documents: Readonly<Record<string, object>> = {
    "/.well-known/openid-configuration": {
      issuer,
      jwks_uri: `${issuer}/jwks`,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      id_token_signing_alg_values_supported: ["ES256"],
      response_types_supported: ["code"],
      subject_types_supported: ["public"],
    },
    "/jwks": { keys: [{ ...jwk, kid, alg: "ES256", use: "sig" }] },
  };
  return {
    host,
    issuer,
    audience,
    tokenFor(subject, claims = {}) {
      const at = Math.floor(now() / 1000);
      const payload = { iss: issuer, aud: audience, sub: subject, iat: at, exp: at + 3600, ...claims };
      const signed = [{ alg: "ES256", kid, typ: "JWT" }, payload].map(encoded).join(".");
      const signature = sign("sha256", Buffer.from(signed), { key: privateKey, dsaEncoding: "ieee-p1363" });
      return `${signed}.${signature.toString("base64url")}`;
    },
    serve(path, response) {
      const document = documents[path];
      response.writeHead(document === undefined ? 404 : 200, { "content-type": "application/json" });
      response.end(JSON.stringify(document ?? {}));
    },
  };
}

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}
