import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Provider, type Configuration, type InteractionResults } from "oidc-provider";

/**
 * `oidc-provider`, a certified authorization server, on loopback, with a login page and a consent page of its own. PKCE is
 * required, refresh tokens rotate, tokens can be revoked, and callbacks carry `iss` (RFC 9207).
 */
export interface OidcServer {
  /** `http://localhost:…`: another site than the vault's 127.0.0.1, so that cookies are cross-site ones. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Of a client without a secret. */
  readonly publicClientId: string;
  /** Whose account it is when nobody types one. */
  account: string;
  /** `form`: the user types and clicks. `approve` and `deny`: happens by itself. */
  user: "form" | "approve" | "deny";
  /** Changes the way back, as somebody in between would. */
  rewriteCallback: (callback: URL) => URL;
  /** Makes the tie between windows break, as some providers do. */
  seversOpener: boolean;
  /** What came to the token endpoint, by grant type. */
  readonly tokenCalls: string[];
  /** Every callback that was sent out. */
  readonly callbacks: URL[];
  close(): Promise<void>;
}

const DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code";
const CLIENT_ID = "fake-client";
const PUBLIC_CLIENT_ID = "fake-public-client";
const CLIENT_SECRET = "fake-client-secret-0123456789";

export interface OidcServerOptions {
  /** How long an ID token lasts. Default: an hour. */
  readonly idTokenSeconds?: number;
  /** ID tokens say who it is and nothing about them; for that there is the userinfo endpoint. Default: false. */
  readonly thinIdTokens?: boolean;
}

export async function startOidcServer(
  redirectUris: readonly string[],
  options: OidcServerOptions = {},
): Promise<OidcServer> {
  const http: Server = createServer();
  await new Promise<void>((resolve) => http.listen(0, "localhost", resolve));
  const issuer = `http://localhost:${(http.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, configuration(redirectUris, options));

  const server: OidcServer = {
    issuer,
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    publicClientId: PUBLIC_CLIENT_ID,
    account: "ada@example.com",
    user: "approve",
    rewriteCallback: (callback) => callback,
    seversOpener: false,
    tokenCalls: [],
    callbacks: [],
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };

  provider.use(async (context, next) => {
    if (server.seversOpener) context.set("cross-origin-opener-policy", "same-origin");
    await next();
    if (context.path === "/token") server.tokenCalls.push(String(context.oidc?.params?.["grant_type"]));
    const location = String(context.response.headers["location"] ?? "");
    if (!redirectUris.some((uri) => location.startsWith(`${uri}?`))) return;
    const callback = server.rewriteCallback(new URL(location));
    server.callbacks.push(callback);
    context.set("location", callback.href);
  });
  const handle = provider.callback();
  http.on("request", (request: IncomingMessage, response: ServerResponse) => {
    if (!request.url?.startsWith("/interaction/")) return void handle(request, response);
    interact(provider, server, request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  return server;
}

function configuration(redirectUris: readonly string[], options: OidcServerOptions): Configuration {
  const client = {
    // A native client: loopback redirect URIs.
    application_type: "native" as const,
    redirect_uris: [...redirectUris],
    grant_types: ["authorization_code", "refresh_token", DEVICE_CODE],
  };
  return {
    clients: [
      {
        ...client,
        client_id: CLIENT_ID,
        client_secret: CLIENT_SECRET,
        token_endpoint_auth_method: "client_secret_basic",
      },
      { ...client, client_id: PUBLIC_CLIENT_ID, token_endpoint_auth_method: "none" },
    ],
    scopes: ["openid", "offline_access", "email", "profile", "calendar.read", "calendar.write"],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    conformIdTokenClaims: options.thinIdTokens ?? false,
    pkce: { required: () => true },
    features: {
      devInteractions: { enabled: false },
      deviceFlow: { enabled: true },
      revocation: { enabled: true },
      introspection: { enabled: true },
    },
    rotateRefreshToken: true,
    issueRefreshToken: () => Promise.resolve(true),
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    cookies: { keys: ["fake-cookie-key"] },
    ttl: {
      DeviceCode: 600,
      AccessToken: 3600,
      AuthorizationCode: 60,
      IdToken: options.idTokenSeconds ?? 3600,
      RefreshToken: 86_400,
      Interaction: 600,
      Session: 600,
      Grant: 86_400,
    },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: `sub-${id}`, email: id, email_verified: true, name: id.split("@")[0] ?? id }),
    }),
  };
}

async function interact(
  provider: Provider,
  server: OidcServer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const details = await provider.interactionDetails(request, response);
  const { prompt, params, session } = details;
  const answer =
    server.user === "form"
      ? await answerOfForm(request)
      : new URLSearchParams(server.user === "deny" ? "deny=1" : { account: server.account });
  if (!answer) {
    const field = prompt.name === "login" ? '<input name="account" aria-label="Account">' : "";
    response.writeHead(200, { "content-type": "text/html" });
    response.end(
      `<!doctype html><title>Sign in</title><form method="post">${field}<button name="go">Allow</button><button name="deny" value="1">Deny</button></form>`,
    );
    return;
  }
  await provider.interactionFinished(request, response, await result(), { mergeWithLastSubmission: true });

  async function result(): Promise<InteractionResults> {
    if (answer?.has("deny")) return { error: "access_denied", error_description: "the user declined" };
    if (prompt.name === "login") return { login: { accountId: answer?.get("account") || server.account } };
    const grant = new provider.Grant({ accountId: session?.accountId ?? "", clientId: String(params["client_id"]) });
    grant.addOIDCScope(String(params["scope"]));
    return { consent: { grantId: await grant.save() } };
  }
}

async function answerOfForm(request: IncomingMessage): Promise<URLSearchParams | null> {
  if (request.method !== "POST") return null;
  let body = "";
  for await (const chunk of request) body += String(chunk);
  return new URLSearchParams(body);
}
