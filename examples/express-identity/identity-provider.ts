import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Provider } from "oidc-provider";

/** The company's identity provider: a certified OpenID Connect server, here without passwords. */
export interface IdentityProvider {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  close(): Promise<void>;
}

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly email: string;
}

export const PEOPLE: readonly Person[] = [
  { id: "person-1", name: "Ada", email: "ada@example.com" },
  { id: "person-2", name: "Bob", email: "bob@example.com" },
];

const HOUR = 3600;
const CLIENT = { clientId: "fake-notebook", clientSecret: "fake-notebook-secret-0123456789" };

export async function startIdentityProvider(redirectUri: string): Promise<IdentityProvider> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: CLIENT.clientId, client_secret: CLIENT.clientSecret, redirect_uris: [redirectUri] }],
    claims: { openid: ["sub"], email: ["email"], profile: ["name"] },
    // Name and address go into the ID token, where the vault reads them.
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context, { uid }) => `/login/${uid}` },
    cookies: { keys: ["fake-cookie-key"] },
    ttl: { AccessToken: HOUR, AuthorizationCode: 60, Grant: HOUR, IdToken: HOUR, Interaction: 600, Session: HOUR },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, ...PEOPLE.find((person) => person.id === id) }),
    }),
    // The company's own app: nobody has to be asked whether it may know who they are.
    async loadExistingGrant({ oidc }) {
      const accountId = oidc.session?.accountId;
      const grant = new provider.Grant({ ...(accountId ? { accountId } : {}), clientId: CLIENT.clientId });
      grant.addOIDCScope("openid email profile");
      await grant.save();
      return grant;
    },
  });
  const handle = provider.callback();
  server.on("request", (request, response) => {
    if (!request.url?.startsWith("/login/")) return void handle(request, response);
    void logIn(provider, request, response).catch(() => response.writeHead(400).end("Start again at the app."));
  });
  return {
    issuer,
    ...CLIENT,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A page with a button for each person. */
async function logIn(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== "POST") {
    const buttons = PEOPLE.map(({ id, name }) => `<button name="id" value="${id}">Log in as ${name}</button>`);
    response.writeHead(200, { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" });
    response.end(`<!doctype html><html lang="en"><title>Log in</title><form method="post">${buttons.join(" ")}</form>`);
    return;
  }
  let body = "";
  for await (const chunk of request) body += String(chunk);
  const person = PEOPLE.find(({ id }) => id === new URLSearchParams(body).get("id"));
  if (!person) throw new Error("nobody of this id");
  await provider.interactionFinished(request, response, { login: { accountId: person.id } });
}
