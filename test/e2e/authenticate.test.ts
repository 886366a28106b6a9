import { createServer, type AddressInfo } from "node:net";
import { inspect } from "node:util";
import {
  AlterValueError,
  ConnectConfigError,
  ConnectDeniedError,
  ConnectFlowError,
  ConnectTimeoutError,
  InsufficientScopeError,
  UserTokenError,
  userPrincipal,
  type AlterVault,
  type AlterVaultOptions,
  type AuthenticateOptions,
} from "@alter-vault/sdk";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { launchChromium } from "../harness/chromium.ts";
import { startOidcServer, type OidcServer } from "../harness/oidc-server.ts";
import { startUpstream, type Upstream } from "../harness/upstream.ts";
import { startTestVault, type TestVault } from "../harness/vault.ts";

/*
 * authenticate(): a real vault, a certified authorization server, and a real browser for the person.
 */
let vault: TestVault;
let oidc: OidcServer;
let browser: Browser;
let upstream: Upstream;
let port: number;
let idpId: string;

beforeAll(async () => {
  port = await freePort();
  // One registration for any port, as RFC 8252 says, and one for issuers that compare it.
  const redirectUris = ["http://127.0.0.1/callback", `http://127.0.0.1:${port}/callback`];
  [vault, oidc, browser, upstream] = await Promise.all([
    startTestVault(),
    startOidcServer(redirectUris, { idTokenSeconds: 4 }),
    launchChromium(),
    startUpstream(),
  ]);
  const body = { issuer: oidc.issuer, audiences: [oidc.publicClientId], client_id: oidc.publicClientId };
  ({ idp_id: idpId } = await vault.operator.call("createIdentityProvider", { body }));
}, 120_000);
afterAll(async () => {
  await Promise.all([vault.stop(), oidc.close(), browser.close(), upstream.close()]);
});
beforeEach(() => {
  oidc.user = "approve";
  oidc.account = "ada@example.com";
});
afterEach(() => {
  oidc.rewriteCallback = (callback) => callback;
});

/** The vault as a program has it, and everything the identity provider told it. */
function program(options: Partial<AlterVaultOptions> = {}): { sdk: AlterVault; heard: string[]; lines: string[] } {
  const heard: string[] = [];
  const lines: string[] = [];
  const sdk = vault.sdk({
    logger: { warn: (line) => void lines.push(line) },
    providerFetch: async (input, init) => {
      const answer = await fetch(input, init);
      heard.push(await answer.clone().text());
      return answer;
    },
    ...options,
  });
  return { sdk, heard, lines };
}

/** The person, who opens the link in a browser of their own. */
function person(visited?: (heading: string) => void): { openBrowser: false; onUrl: (url: string) => void } {
  return {
    openBrowser: false,
    onUrl(url) {
      // Where the browser cannot go, signing in does not end well, and that is what the tests look at.
      void visit(url).then(visited, () => undefined);
    },
  };
}

async function visit(url: string): Promise<string> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(url);
  if (oidc.user === "form") {
    await page.getByLabel("Account").fill(oidc.account);
    await page.getByRole("button", { name: "Allow" }).click();
    await page.getByRole("button", { name: "Allow" }).click();
  }
  const heading = (await page.getByRole("heading").textContent()) ?? "";
  await context.close();
  return heading;
}

describe("signing in", () => {
  test("the person logs in and consents in the browser, and every call is made for them from then on", async () => {
    oidc.user = "form";
    const { sdk, heard, lines } = program({ userTokenGetter: () => "of-the-getter" });
    const page = Promise.withResolvers<string>();
    const result = await sdk.authenticate(person(page.resolve));
    expect(await page.promise).toBe("That was all");
    expect(result.userInfo).toMatchObject({ sub: "ada@example.com", email: "ada@example.com", name: "ada" });

    const who = await sdk.resolveIdentity();
    expect(who).toMatchObject({ userId: result.userId, idpId, email: "ada@example.com", userStatus: "active" });
    expect(await sdk.resolveIdentity({ userToken: null })).toMatchObject({ userId: null });

    const { secret_id: secretId } = await vault.operator.call("createSecret", {
      body: {
        name: "notes of ada",
        provider: "notes",
        injection: { kind: "bearer" },
        value: { kind: "bearer", token: "fake-notes-token" },
        allowed_hosts: [upstream.origin],
      },
    });
    const principal = userPrincipal({ userToken: result.userToken, label: "Ada's notes" });
    const grant = await sdk.createManagedSecretGrant(secretId, { principal });
    expect(grant).toMatchObject({ principalType: "user", principalId: result.userId, label: "Ada's notes" });
    const response = await sdk.request("GET", `${upstream.origin}/ok`, { provider: "notes" });
    expect(response.status).toBe(200);
    const entry = await vault.lastEntry();
    expect(entry).toMatchObject({ decision: "allow", user_id: result.userId, grant_id: grant.grantId });

    const secrets = [...heard.join("\n").matchAll(/"(?:id_token|access_token|refresh_token)":"([^"]+)"/g)].map(
      ([, value = ""]) => value,
    );
    expect(secrets).toContain(result.userToken);
    expect(secrets.length).toBeGreaterThan(2);
    const shown = [result, sdk, who, principal]
      .flatMap((value) => [inspect(value, { depth: 20, showHidden: false, getters: true }), JSON.stringify(value)])
      .concat(lines)
      .join("\n");
    for (const secret of secrets) expect(shown).not.toContain(secret);
  });

  test("PKCE with S256, a nonce and a state, and a port of the loopback address", async () => {
    const { sdk } = program();
    const user = person();
    let link: URL | undefined;
    await sdk.authenticate({
      ...user,
      onUrl: (url) => {
        link = new URL(url);
        user.onUrl(url);
      },
      loginHint: "ada@example.com",
    });
    const asked = Object.fromEntries(link?.searchParams ?? []);
    expect(asked).toMatchObject({
      response_type: "code",
      client_id: oidc.publicClientId,
      code_challenge_method: "S256",
      login_hint: "ada@example.com",
      scope: "openid email profile offline_access",
    });
    expect(asked["redirect_uri"]).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/);
    for (const name of ["state", "nonce", "code_challenge"]) expect(asked[name]).toMatch(/^[\w-]{43,44}$/);
    expect(new Set(["state", "nonce", "code_challenge"].map((name) => asked[name])).size).toBe(3);
  });

  test("a token that is about to end is refreshed once, for however many calls", async () => {
    const { sdk, heard } = program();
    const { userToken } = await sdk.authenticate(person());
    const before = heard.length;
    await sdk.resolveIdentity();
    expect(heard.length).toBe(before);
    await new Promise((resolve) => setTimeout(resolve, 2_300));
    const users = await Promise.all([1, 2, 3, 4].map(() => sdk.resolveIdentity()));
    expect(users.every(({ email }) => email === "ada@example.com")).toBe(true);
    expect(heard.length).toBe(before + 1);
    expect(heard.at(-1)).toMatch(/"id_token"/);
    expect(heard.at(-1)).not.toContain(userToken);
  });

  test("the program says the issuer itself, with a key that may not ask the vault", async () => {
    const { api_key: apiKey } = await vault.operator.call("createKey", { body: { name: "runtime" } });
    const { sdk } = program({ apiKey });
    await expect(sdk.authenticate(person())).rejects.toThrow(InsufficientScopeError);
    const { issuer, publicClientId: clientId } = oidc;
    expect((await sdk.authenticate({ ...person(), issuer, clientId })).userInfo.email).toBe("ada@example.com");
  });

  test("what the token does not say about the user, the userinfo endpoint does", async () => {
    const thin = await startOidcServer(["http://127.0.0.1/callback"], { thinIdTokens: true });
    const { issuer, publicClientId: clientId } = thin;
    const body = { issuer, audiences: [clientId] };
    const idp = await vault.operator.call("createIdentityProvider", { body });
    try {
      const { userInfo } = await program().sdk.authenticate({ ...person(), issuer, clientId });
      expect(userInfo).toMatchObject({ sub: "ada@example.com", email: "ada@example.com", name: "ada" });
    } finally {
      await vault.operator.call("deleteIdentityProvider", { id: idp.idp_id });
      await thin.close();
    }
  });

  test("closing forgets the user", async () => {
    const { sdk } = program();
    const view = sdk.with({ provider: "notes" });
    await sdk.authenticate(person());
    await sdk.close();
    await expect(view.request("GET", `${upstream.origin}/ok`)).rejects.toMatchObject({ code: "closed" });
  });
});

describe("what comes back is not taken", () => {
  test("the person declines", async () => {
    oidc.user = "deny";
    const { sdk } = program();
    const page = Promise.withResolvers<string>();
    await expect(sdk.authenticate(person(page.resolve))).rejects.toThrow(ConnectDeniedError);
    expect(await page.promise).toBe("You are not signed in");
    expect(await sdk.resolveIdentity()).toMatchObject({ userId: null });
  });

  test.each<[string, (callback: URL) => void]>([
    ["another issuer's name", (callback) => callback.searchParams.set("iss", "https://evil.example")],
    ["no name, of an issuer that has one", (callback) => callback.searchParams.delete("iss")],
    ["two names", (callback) => callback.searchParams.append("iss", "https://evil.example")],
  ])("%s", async (_name, change) => {
    oidc.rewriteCallback = (callback) => (change(callback), callback);
    const { sdk } = program();
    const exchanged = oidc.tokenCalls.length;
    const failure = sdk.authenticate({ ...person(), port });
    await expect(failure).rejects.toThrow(ConnectFlowError);
    await expect(failure).rejects.toThrow(/another issuer/);
    expect(oidc.tokenCalls).toHaveLength(exchanged);
    expect(await sdk.resolveIdentity()).toMatchObject({ userId: null });
  });

  test("a code that somebody else's attempt got", async () => {
    const theirs = Promise.withResolvers<string>();
    oidc.rewriteCallback = (callback) => {
      theirs.resolve(callback.searchParams.get("code") ?? "");
      // Nobody listens there.
      return new URL("http://127.0.0.1:9/");
    };
    const eve = program()
      .sdk.authenticate({ ...person(), port, timeout: 3_000 })
      .catch((error: unknown) => error);
    const code = await theirs.promise;
    await eve;
    oidc.rewriteCallback = (callback) => (callback.searchParams.set("code", code), callback);
    const { sdk } = program();
    // The verifier is another one: PKCE is what refuses it.
    await expect(sdk.authenticate({ ...person(), port })).rejects.toThrow(/"invalid_grant"/);
  });

  test("any other request to the port changes nothing", async () => {
    const { sdk } = program();
    const user = person();
    const result = sdk.authenticate({
      ...user,
      port,
      onUrl: async (url) => {
        const back = `http://127.0.0.1:${port}/callback`;
        const state = new URL(url).searchParams.get("state") ?? "";
        const answers = await Promise.all([
          fetch(`${back}?code=fake-code&state=guess`),
          fetch(`${back}?error=access_denied&state=guess`),
          fetch(back),
          fetch(`http://127.0.0.1:${port}/`),
          fetch(`${back}?code=fake-code&state=${state}`, { method: "POST" }),
          // Another name of this machine is what a page with a name of its own would use.
          fetch(`http://localhost:${port}/callback?code=fake-code&state=${state}`).catch(() => ({ status: 404 })),
        ]);
        expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 404, 404, 404]);
        user.onUrl(url);
      },
    });
    expect((await result).userInfo.email).toBe("ada@example.com");
  });
});

describe("it ends", () => {
  test("when the time is up, and nobody listens any more", async () => {
    const { sdk } = program();
    const failure = sdk.authenticate({ openBrowser: false, onUrl: () => undefined, port, timeout: 50 });
    await expect(failure).rejects.toThrow(ConnectTimeoutError);
    await expect(fetch(`http://127.0.0.1:${port}/callback`)).rejects.toThrow();
  });

  test("when the caller aborts, with the caller's reason", async () => {
    const { sdk } = program();
    const stop = new AbortController();
    const failure = sdk.authenticate({
      openBrowser: false,
      onUrl: () => stop.abort(new Error("enough")),
      signal: stop.signal,
    });
    await expect(failure).rejects.toThrow("enough");
  });

  test("when the vault does not accept the user; the program goes on as before", async () => {
    const { sdk } = program();
    await vault.operator.call("updateIdentityProvider", { id: idpId, body: { audiences: ["another-client"] } });
    try {
      await expect(sdk.authenticate(person())).rejects.toThrow(UserTokenError);
      expect(await sdk.resolveIdentity()).toMatchObject({ userId: null });
    } finally {
      const body = { audiences: [oidc.publicClientId] };
      await vault.operator.call("updateIdentityProvider", { id: idpId, body });
    }
  });

  test("when the issuer wants a secret", async () => {
    const { sdk } = program();
    const failure = sdk.authenticate({ ...person(), issuer: oidc.issuer, clientId: oidc.clientId });
    await expect(failure).rejects.toThrow(ConnectConfigError);
    await expect(failure).rejects.toThrow(/must be a public client/);
  });

  test.each<[string, () => AuthenticateOptions, RegExp, typeof AlterValueError | typeof ConnectConfigError]>([
    ["half a client", () => ({ issuer: "https://a.example" }), /together/, AlterValueError],
    ["both ways", () => ({ issuer: "https://a.example", clientId: "x", idpId }), /together/, AlterValueError],
    ["an idp that is not there", () => ({ idpId: vault.apiKey }), /"idpId" must be a UUID/, AlterValueError],
    ["another idp", () => ({ idpId: idpId.replace(/.$/, "f") }), /no active identity provider/, AlterValueError],
    ["clear text", () => ({ issuer: "http://a.example", clientId: "x" }), /URL with https/, ConnectConfigError],
    ["a slash too much", () => ({ issuer: `${oidc.issuer}/`, clientId: "x" }), /another issuer/, ConnectConfigError],
    ["no issuer", () => ({ issuer: vault.url, clientId: "x" }), /cannot be had \(HTTP 404\)/, ConnectConfigError],
    ["a port that is none", () => ({ port: 70_000 }), /"port" must be/, AlterValueError],
    [
      "a port that is taken",
      () => ({ port: Number(new URL(vault.url).port) }),
      /cannot be listened on/,
      AlterValueError,
    ],
    ["an option of another", () => ({ providers: [] }) as object, /no option "providers"/, AlterValueError],
  ])("at once, for %s", async (_name, options, message, errorClass) => {
    const failure = program().sdk.authenticate({ ...person(), ...options() });
    await expect(failure).rejects.toThrow(errorClass);
    await expect(failure).rejects.toThrow(message);
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port: free } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return free;
}
