import { createHash, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { CompactSign, exportJWK, exportSPKI, generateKeyPair, SignJWT, type JWK, type JWTHeaderParameters } from "jose";
import { Provider, type Configuration } from "oidc-provider";

/**
 * `oidc-provider`, a certified OpenID provider, on loopback, whose keys the test holds: it signs users in as any relying
 * party would, rotates its keys while it runs, and signs what no honest issuer would sign.
 */
export interface TokenIssuer {
  readonly issuer: string;
  /** Of its id tokens. */
  readonly audience: string;
  /** How often its keys were asked for. */
  readonly keyReads: number;
  /** The groups of everybody who signs in from now on. */
  groups: readonly string[];
  /** The whole way: authorization code with PKCE, login, consent, token endpoint. Returns the id token. */
  signIn(account: string): Promise<string>;
  /** Whatever the test wants, signed with the issuer's own key; undefined takes a claim out. */
  sign(claims?: Claims, header?: Partial<JWTHeaderParameters>): Promise<string>;
  /** The same for a payload that is no ordinary one. */
  signText(payload: string): Promise<string>;
  /** The claims of an id token for `ada`, as `sign` starts from. */
  claims(more?: Claims): Record<string, unknown>;
  /** The public key that everybody can read, as PEM. */
  publicPem(): Promise<string>;
  /** A new key signs from now on; the old one stays published, or goes. */
  rotate(old: "stays" | "goes"): Promise<void>;
  close(): Promise<void>;
}

export type Claims = Readonly<Record<string, unknown>>;

const CLIENT_ID = "fake-relying-party";
const REDIRECT_URI = "http://127.0.0.1:9/callback";

export async function startTokenIssuer(): Promise<TokenIssuer> {
  const http = createServer();
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  let keys: SigningKey[] = [await newKey()];
  let provider = createProvider();
  let keyReads = 0;
  let groups: readonly string[] = [];

  function createProvider(): Provider {
    return new Provider(
      issuer,
      configuration(keys, () => groups),
    );
  }
  const current = (): SigningKey => {
    const [key] = keys;
    if (!key) throw new Error("an issuer has a key");
    return key;
  };

  http.on("request", (request: IncomingMessage, response: ServerResponse) => {
    if (request.url === "/jwks") keyReads++;
    if (!request.url?.startsWith("/interaction/")) return void provider.callback()(request, response);
    approve(provider, request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });

  const server: TokenIssuer = {
    issuer,
    audience: CLIENT_ID,
    get keyReads() {
      return keyReads;
    },
    get groups() {
      return groups;
    },
    set groups(value) {
      groups = value;
    },
    async signIn(account) {
      const signedInTo = provider;
      return signIn(issuer, account).catch((error: unknown) => {
        // Whoever was signing in while the issuer changed its keys starts again, as they would.
        if (signedInTo === provider) throw error;
        return server.signIn(account);
      });
    },
    claims(more = {}) {
      const now = Math.floor(Date.now() / 1000);
      const all = { iss: issuer, aud: CLIENT_ID, sub: "ada", iat: now, exp: now + 3600, ...more };
      return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
    },
    sign: (claims, header = {}) =>
      new SignJWT(server.claims(claims))
        .setProtectedHeader({ alg: "RS256", kid: current().kid, typ: "JWT", ...header })
        .sign(current().privateKey),
    signText: (payload) =>
      new CompactSign(Buffer.from(payload))
        .setProtectedHeader({ alg: "RS256", kid: current().kid, typ: "JWT" })
        .sign(current().privateKey),
    publicPem: () => exportSPKI(current().publicKey),
    async rotate(old) {
      keys = [await newKey(), ...(old === "stays" ? keys : [])];
      provider = createProvider();
    },
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
  return server;
}

interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly jwk: JWK;
}

async function newKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
  const kid = `key-${randomBytes(6).toString("hex")}`;
  return { kid, privateKey, publicKey, jwk: { ...(await exportJWK(privateKey)), kid, alg: "RS256", use: "sig" } };
}

function configuration(keys: readonly SigningKey[], groups: () => readonly string[]): Configuration {
  return {
    jwks: { keys: keys.map(({ jwk }) => jwk) },
    clients: [
      {
        client_id: CLIENT_ID,
        token_endpoint_auth_method: "none",
        application_type: "native",
        redirect_uris: [REDIRECT_URI],
        grant_types: ["authorization_code"],
      },
    ],
    claims: { openid: ["sub", "groups"], email: ["email"], profile: ["name"] },
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    cookies: { keys: ["fake-cookie-key"] },
    ttl: { AccessToken: 600, AuthorizationCode: 60, IdToken: 3600, Interaction: 60, Session: 60, Grant: 60 },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@example.com`, name: id, groups: [...groups()] }),
    }),
  };
}

/** Signs in whoever the relying party named, and consents to everything. */
async function approve(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  if (prompt.name === "login") {
    const result = { login: { accountId: String(params["login_hint"]) } };
    return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  }
  const grant = new provider.Grant({ accountId: session?.accountId ?? "", clientId: CLIENT_ID });
  grant.addOIDCScope("openid email profile");
  const result = { consent: { grantId: await grant.save() } };
  return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
}

async function signIn(issuer: string, account: string): Promise<string> {
  const verifier = randomBytes(32).toString("base64url");
  const start = new URL("/auth", issuer);
  start.search = new URLSearchParams({
    client_id: CLIENT_ID,
    redirect_uri: REDIRECT_URI,
    response_type: "code",
    scope: "openid email profile",
    login_hint: account,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  }).toString();
  const code = await followToCode(start);
  const answer = await fetch(new URL("/token", issuer), {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code",
      client_id: CLIENT_ID,
      redirect_uri: REDIRECT_URI,
      code,
      code_verifier: verifier,
    }),
  });
  const { id_token } = (await answer.json()) as { id_token?: string };
  if (id_token === undefined) throw new Error(`the issuer gave no id token (${answer.status})`);
  return id_token;
}

/** A browser's part: redirects and cookies. */
async function followToCode(start: URL): Promise<string> {
  const cookies = new Map<string, string>();
  let at = start;
  for (let step = 0; step < 10; step++) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(at, { redirect: "manual", headers: { cookie } });
    for (const set of answer.headers.getSetCookie()) {
      const [name = "", value = ""] = (set.split(";")[0] ?? "").split("=");
      cookies.set(name, value);
    }
    const location = answer.headers.get("location");
    if (location === null) throw new Error(`the issuer shows a page (${answer.status}): ${await answer.text()}`);
    at = new URL(location, at);
    if (at.href.startsWith(REDIRECT_URI)) break;
  }
  const code = at.searchParams.get("code");
  if (code === null) throw new Error(`no code came back: ${at.search}`);
  return code;
}
