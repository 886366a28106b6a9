import { ERROR_CODES, type ConnectSession, type ConnectSessionCreate, type ErrorCode } from "@alter-vault/protocol";
import { VaultRefusal } from "../../packages/server/src/cli/cli-error.ts";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startConnectWorld, type ConnectWorld } from "../harness/connect-world.ts";
import { rawCall } from "../harness/raw-call.ts";

/*
 * What must not work in Connect. Each is refused, named on the page, and in the audit log; no code is changed for tokens and no grant appears.
 */
let world: ConnectWorld;
let context: BrowserContext;
let page: Page;
let person = 0;

beforeAll(async () => {
  world = await startConnectWorld();
}, 120_000);
afterAll(() => world.stop());
beforeEach(async () => {
  Object.assign(world.oidc, { user: "approve", account: `victim-${++person}@example.com` });
  world.oidc.rewriteCallback = (callback) => callback;
  world.oidc.tokenCalls.length = 0;
  world.oidc.callbacks.length = 0;
  context = await world.profile();
  page = await context.newPage();
});
afterEach(() => context.close());

async function consentAt(tab: Page, { connect_url: url }: ConnectSession): Promise<void> {
  await tab.goto(url);
  await tab.getByRole("button", { name: /^Continue to/ }).click();
}

const accounts = async (): Promise<string[]> =>
  (await world.vault.operator.call("listGrants", { query: { limit: 100 } })).grants.map(
    ({ account_identifier: account }) => account ?? "",
  );

/** The page names the code; the request id it shows leads to an entry that says the same. */
async function expectRefused(tab: Page, code: ErrorCode, denied = true): Promise<void> {
  await tab.getByText(code, { exact: true }).waitFor();
  const requestId = (await tab.locator("dd code").nth(1).textContent()) ?? "";
  const entry = await world.entry(requestId);
  expect(entry).toMatchObject({ kind: "connect" });
  // What only the provider could tell was allowed to be asked; what came of it is the outcome.
  if (denied) expect(entry).toMatchObject({ decision: "deny", code });
  else await expect.poll(() => world.outcome(requestId)).toMatchObject({ outcome: "vault_error", code });
  expect(await accounts()).not.toContain(world.oidc.account);
}

/** Holds the callback back: the browser waits at a page of the authorization server. */
async function heldCallback(session: ConnectSession): Promise<URL> {
  let held: URL | undefined;
  world.oidc.rewriteCallback = (callback) => {
    held = new URL(callback);
    return new URL(`${world.app.origin}/held`);
  };
  await consentAt(page, session);
  await page.waitForURL(`${world.app.origin}/held`);
  world.oidc.rewriteCallback = (callback) => callback;
  if (!held) throw new Error("no callback was sent");
  return held;
}

describe("the state", () => {
  test.each<[string, (callback: URL) => void]>([
    ["another", (callback) => callback.searchParams.set("state", "A".repeat(43))],
    ["none", (callback) => callback.searchParams.delete("state")],
    ["two", (callback) => callback.searchParams.append("state", "another")],
  ])("%s", async (_name, change) => {
    const callback = await heldCallback(await world.session());
    change(callback);
    await page.goto(callback.href);
    await expectRefused(page, "connect_state_invalid");
    expect(world.oidc.tokenCalls).toEqual([]);
  });

  test("used before: a callback works once", async () => {
    await consentAt(page, await world.session());
    await page.getByRole("heading", { name: "Connected to Acme Notes" }).waitFor();
    world.oidc.tokenCalls.length = 0;
    await page.goto(world.oidc.callbacks[0]?.href ?? "");
    world.oidc.account = "nobody@example.com";
    await expectRefused(page, "connect_state_invalid");
    expect(world.oidc.tokenCalls).toEqual([]);
  });

  test("of an attempt that took too long", async () => {
    const session = await world.session();
    const callback = await heldCallback(session);
    await world.sql(`UPDATE connect_attempts SET expires_at = 1 WHERE session_id = '${session.session_id}'`);
    await page.goto(callback.href);
    await expectRefused(page, "connect_state_invalid");
    expect(world.oidc.tokenCalls).toEqual([]);
  });
});

describe("the browser", () => {
  test("one that keeps no cookies", async () => {
    const callback = await heldCallback(await world.session());
    await context.clearCookies();
    await page.goto(callback.href);
    await expectRefused(page, "connect_browser_mismatch");
    expect(world.oidc.tokenCalls).toEqual([]);
  });

  test("a victim who is sent the callback of somebody else's attempt; and then it is used up", async () => {
    const callback = await heldCallback(await world.session());
    const victim = await world.profile();
    const tab = await victim.newPage();
    await tab.goto(callback.href);
    await expectRefused(tab, "connect_browser_mismatch");
    expect(await tab.getByRole("link", { name: "Try again" }).count()).toBe(0);
    await victim.close();
    await page.goto(callback.href);
    await expectRefused(page, "connect_state_invalid");
    expect(world.oidc.tokenCalls).toEqual([]);
  });

  test("one with the cookie of another attempt", async () => {
    const other = await heldCallback(await world.session());
    const mine = await heldCallback(await world.session());
    const cookies = (await context.cookies(world.vault.url)).filter(({ name }) => name.includes("alter-connect"));
    expect(cookies.every(({ httpOnly, sameSite }) => httpOnly && sameSite === "Lax")).toBe(true);
    const [first, second] = cookies;
    await context.addCookies([
      { name: first?.name ?? "", value: second?.value ?? "", url: world.vault.url },
      { name: second?.name ?? "", value: first?.value ?? "", url: world.vault.url },
    ]);
    for (const callback of [other, mine]) {
      await page.goto(callback.href);
      await expectRefused(page, "connect_browser_mismatch");
    }
    expect(world.oidc.tokenCalls).toEqual([]);
  });

  test("one at another address than the session is for", async () => {
    const session = await world.session({ metadata: { ip_address: "203.0.113.9" } });
    await page.goto(session.connect_url);
    await expectRefused(page, "connect_browser_mismatch");
    const mine = await world.session({ metadata: { ip_address: "::ffff:127.0.0.1" } });
    await page.goto(mine.connect_url);
    expect(await page.getByRole("button", { name: /^Continue to/ }).count()).toBe(1);
  });
});

describe("the answer", () => {
  test.each<[string, (callback: URL) => void]>([
    ["of another issuer", (callback) => callback.searchParams.set("iss", "https://login.evil.example")],
    ["without its issuer", (callback) => callback.searchParams.delete("iss")],
    [
      "with an error of another issuer",
      (callback) => {
        callback.searchParams.delete("code");
        callback.searchParams.set("error", "access_denied");
        callback.searchParams.set("iss", "https://login.evil.example");
      },
    ],
  ])("%s", async (_name, change) => {
    const callback = await heldCallback(await world.session());
    change(callback);
    await page.goto(callback.href);
    await expectRefused(page, "connect_issuer_mismatch", false);
    expect(world.oidc.tokenCalls).toEqual([]);
  });

  test("a code that was stolen from another attempt", async () => {
    const stolen = await heldCallback(await world.session());
    const session = await world.session();
    const callback = await heldCallback(session);
    callback.searchParams.set("code", stolen.searchParams.get("code") ?? "");
    await page.goto(callback.href);
    await expectRefused(page, "connect_code_rejected", false);
    expect(await world.state(session)).toMatchObject({ status: "pending", error: { code: "connect_code_rejected" } });
  });

  test("a code that was used before", async () => {
    await consentAt(page, await world.session());
    await page.getByRole("heading", { name: "Connected to Acme Notes" }).waitFor();
    const used = world.oidc.callbacks[0]?.searchParams.get("code") ?? "";
    const callback = await heldCallback(await world.session());
    callback.searchParams.set("code", used);
    await page.goto(callback.href);
    world.oidc.account = "nobody@example.com";
    await expectRefused(page, "connect_code_rejected", false);
  });
});

describe("two apps", () => {
  test("their callbacks mixed up: neither gets the other's account", async () => {
    const app = await world.vault.operator.call("createApp", { body: { name: `other-${person}` } });
    const theirs = await sessionOf(app.app_id);
    const ours = await world.session();
    const [ourCallback, theirCallback] = [await heldCallback(ours), await heldCallback(theirs)];
    const swapped = [
      [ourCallback, theirCallback],
      [theirCallback, ourCallback],
    ] as const;
    const codes = swapped.map(([, other]) => other.searchParams.get("code") ?? "");
    for (const [index, [callback]] of swapped.entries()) {
      callback.searchParams.set("code", codes[index] ?? "");
      await page.goto(callback.href);
      await expectRefused(page, "connect_code_rejected", false);
    }
  });

  test("a session of another app does not exist", async () => {
    const app = await world.vault.operator.call("createApp", { body: { name: `another-${person}` } });
    const ours = await world.session();
    const answer = await callAs(app.app_id, "/v1/connect/sessions/poll", { session_token: ours.session_token });
    expect(answer.problem).toMatchObject({ code: "connect_session_not_found", status: 404 });
    const unknown = await callAs(app.app_id, "/v1/connect/sessions/poll", { session_token: "sess_unknown" });
    expect(unknown.problem?.detail).toBe(answer.problem?.detail);
  });

  async function callAs(appId: string, path: string, body: unknown, method = "POST"): ReturnType<typeof rawCall> {
    const { url, apiKey } = world.vault;
    return rawCall(url, apiKey, { method, path, body: JSON.stringify(body), alter: { "alter-app": appId } });
  }

  async function sessionOf(appId: string): Promise<ConnectSession> {
    const { oidc } = world;
    const variables = { issuer: oidc.issuer, api_host: "api.example.com" };
    const client = { client_id: oidc.clientId, client_secret: oidc.clientSecret, variables, default_scopes: ["email"] };
    await callAs(appId, "/v1/providers/oidc/config", client, "PUT");
    const answer = await callAs(appId, "/v1/connect/sessions", {});
    return JSON.parse(answer.body.toString()) as ConnectSession;
  }
});

describe("the session", () => {
  test("that ran out while the user was at the provider", async () => {
    const session = await world.session();
    const callback = await heldCallback(session);
    await world.sql(`UPDATE connect_sessions SET expires_at = 1 WHERE id = '${session.session_id}'`);
    await page.goto(callback.href);
    await expectRefused(page, "connect_session_closed");
    expect(world.oidc.tokenCalls).toEqual([]);
    expect(await world.state(session)).toMatchObject({ status: "expired", grants: [] });
  });

  test("that the user gave up in another tab", async () => {
    const session = await world.session();
    const callback = await heldCallback(session);
    await page.goto(session.connect_url);
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.goto(callback.href);
    await expectRefused(page, "connect_session_closed");
    expect(world.oidc.tokenCalls).toEqual([]);
  });

  test("a token that is none, also behind a fragment", async () => {
    await page.goto(`${world.vault.url}/connect?session=sess_guess`);
    await expectRefused(page, "connect_session_not_found");
    await page.goto(`${world.vault.url}/sdk/oauth/connect#session=sess_guess`);
    await expectRefused(page, "connect_session_not_found");
  });

  test("a provider that is not among those it is for", async () => {
    const { session_token } = await world.session();
    const answer = await post("/connect/start", { session: session_token, provider: "acme-workspace" });
    await expectPage(answer, "provider_not_configured");
    expect(answer.headers.getSetCookie()).toEqual([]);
  });
});

describe("forms of other pages", () => {
  test.each<[string, Record<string, string>]>([
    ["by Sec-Fetch-Site", { "sec-fetch-site": "cross-site" }],
    ["of the same site, and still another origin", { "sec-fetch-site": "same-site" }],
    ["by Origin, in a browser without Sec-Fetch-Site", { origin: "https://evil.example" }],
  ])("%s", async (_name, headers) => {
    const session = await world.session();
    for (const path of ["/connect/start", "/connect/finish"]) {
      const answer = await post(path, { session: session.session_token, provider: "oidc" }, headers);
      await expectPage(answer, "origin_not_allowed");
    }
    expect(await world.state(session)).toMatchObject({ status: "pending", error: null });
  });

  test("something that is no form", async () => {
    const body = JSON.stringify({ session: "x" });
    const answer = await fetch(`${world.vault.url}/connect/start`, { method: "POST", body });
    await expectPage(answer, "invalid_request");
  });

  test("a form beyond all measure", async () => {
    await expectPage(await post("/connect/start", { session: "x".repeat(20_000) }), "invalid_request");
  });
});

describe("the status", () => {
  const ask = (token: string, origin?: string): Promise<Response> =>
    fetch(`${world.vault.url}/connect/status`, {
      headers: { authorization: `Bearer ${token}`, ...(origin === undefined ? {} : { origin }) },
    });

  test("for the session's own origin only", async () => {
    const { session_token: token } = await world.session();
    const ours = await ask(token, world.app.origin);
    expect(ours.status).toBe(200);
    expect(ours.headers.get("access-control-allow-origin")).toBe(world.app.origin);
    expect(await ours.json()).toMatchObject({ status: "pending", message: null, at_provider: false });
    for (const origin of ["https://evil.example", "null", undefined]) {
      const answer = await ask(token, origin);
      expect(answer.status).toBe(400);
      expect(answer.headers.get("access-control-allow-origin")).toBeNull();
      const { code, request_id } = (await answer.json()) as { code: string; request_id: string };
      expect(code).toBe("origin_not_allowed");
      expect(await world.entry(request_id)).toMatchObject({ decision: "deny", action: "connect.status", code });
    }
  });

  test("of a session without an origin: nobody", async () => {
    const { session_token: token } = await world.session({ allowed_origin: undefined });
    expect((await ask(token, world.app.origin)).status).toBe(400);
  });

  test("of no session", async () => {
    expect((await ask("sess_guess", world.app.origin)).status).toBe(404);
  });
});

describe("where a result may go", () => {
  const LISTED = "https://app.example.com/connected?tenant=1";
  beforeAll(() =>
    world.vault.operator.call("putConnectSettings", {
      body: {
        display_name: "Acme Notes",
        website_url: "https://www.example.com/start",
        return_urls: [LISTED],
        origins: ["https://app.example.com"],
      },
    }),
  );

  test.each([
    "https://evil.example/",
    "https://app.example.com/connected",
    "https://app.example.com/connected?tenant=2",
    `${LISTED}&next=https://evil.example`,
    "https://app.example.com/connected/../evil?tenant=1",
    "https://app.example.com.evil.example/connected?tenant=1",
    "https://app.example.com@evil.example/connected?tenant=1",
    "https://APP.example.com/connected?tenant=1",
    "http://app.example.com/connected?tenant=1",
    "http://intranet.example.com/back",
    "http://user@127.0.0.1/",
    "http://127.0.0.1.evil.example/",
    "javascript:alert(1)//https://app.example.com",
  ])("not %s", async (return_url) => {
    await expectNoSession({ return_url }, "return_url_not_allowed");
  });

  test.each([
    "https://evil.example",
    "https://app.example.com/path",
    "https://app.example.com.evil.example",
    "https://user@app.example.com",
    "http://app.example.com",
    "*",
    "null",
    "https://*.example.com",
  ])("no message to %s", async (allowed_origin) => {
    await expectNoSession({ allowed_origin }, "origin_not_allowed");
  });

  test.each<ConnectSessionCreate>([
    { return_url: LISTED },
    { return_url: "http://127.0.0.1:3000/back" },
    { allowed_origin: "https://app.example.com/" },
    { allowed_origin: "https://www.example.com" },
    { allowed_origin: "http://localhost:3000" },
  ])("%o", async (asked) => {
    expect(await world.session(asked)).toMatchObject({ expires_in: 600 });
  });
});

describe("what an app asks for", () => {
  test.each<[string, ConnectSessionCreate, ErrorCode]>([
    ["a provider that there is not", { allowed_providers: ["no-such-provider"] }, "provider_not_found"],
    ["a provider that is not configured", { allowed_providers: ["github"] }, "provider_not_configured"],
    ["scopes of a provider that is not asked for", { required_scopes: { github: ["repo"] } }, "invalid_request"],
    [
      "a variable that is the operator's",
      { variables: { oidc: { issuer: "https://evil.example" } } },
      "invalid_request",
    ],
    ["a grant that there is not", { grant_id: "01890000-0000-7000-8000-000000000000" }, "grant_not_found"],
    ["an end in the past", { grant_policy: { expires_at: "2020-01-01T00:00:00Z" } }, "invalid_request"],
    ["an address that is none", { metadata: { ip_address: "localhost" } }, "invalid_request"],
    [
      "more time by default than at most",
      { grant_policy: { max_ttl_seconds: 5, default_ttl_seconds: 6 } },
      "invalid_request",
    ],
  ])("%s", async (_name, asked, code) => {
    await expectNoSession(asked, code);
  });

  test("a scope that the operator has not allowed", async () => {
    const { oidc } = world;
    const variables = { issuer: oidc.issuer, api_host: "api.example.com" };
    const client = { client_id: oidc.clientId, client_secret: oidc.clientSecret, variables };
    const put = (allowed_scopes: string[] | null) =>
      world.vault.operator.call("putProviderConfig", {
        id: "oidc",
        body: { ...client, default_scopes: ["email"], allowed_scopes },
      });
    await put(["email"]);
    await expectNoSession({ required_scopes: { oidc: ["email", "calendar.write"] } }, "provider_scope_not_allowed");
    await put(null);
  });
});

async function expectNoSession(asked: ConnectSessionCreate, code: ErrorCode): Promise<void> {
  const answer = await world.session(asked).catch((error: unknown) => error);
  if (!(answer instanceof VaultRefusal)) throw new Error(`it was not refused: ${JSON.stringify(answer)}`);
  expect(answer.report.code).toBe(code);
  const [entry] = await world.entries("createConnectSession");
  expect(entry).toMatchObject({ kind: "admin", decision: "deny", code });
}

function post(path: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(world.vault.url + path, {
    method: "POST",
    body: new URLSearchParams(fields),
    headers,
    redirect: "manual",
  });
}

async function expectPage(answer: Response, code: ErrorCode): Promise<void> {
  expect(answer.status).toBe(ERROR_CODES[code].status);
  expect(await answer.text()).toContain(code);
  expect(await world.entry(answer.headers.get("alter-request-id") ?? "")).toMatchObject({ decision: "deny", code });
}
