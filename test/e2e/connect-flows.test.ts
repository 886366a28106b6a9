import type { OpenOptions as PublishedOptions } from "@alter-ai/connect";
import type { OpenOptions } from "@alter-vault/connect";
import type { ConnectSession } from "@alter-vault/protocol";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  SECOND_PROVIDER,
  startConnectWorld,
  toldOnce,
  type ConnectWorld,
  type Told,
} from "../harness/connect-world.ts";
import { startUpstream, type Upstream } from "../harness/upstream.ts";

/*
 * Connecting an account, from the app's button to the grant, in a real browser against a real authorization server.
 */
let world: ConnectWorld;
let context: BrowserContext;
let upstream: Upstream;
let person = 0;

beforeAll(async () => {
  upstream = await startUpstream();
  world = await startConnectWorld(upstream.host);
}, 120_000);
afterAll(async () => {
  await world.stop();
  await upstream.close();
});
beforeEach(async () => {
  Object.assign(world.oidc, { user: "approve", account: `person-${++person}@example.com`, seversOpener: false });
  context = await world.profile();
});
afterEach(() => context.close());

const consent = (page: Page): Promise<void> => page.getByRole("button", { name: /^Continue to/ }).click();

const valueOf = (told: readonly Told[], kind: string): unknown => told.find((one) => one.kind === kind)?.value;

async function openPopup(
  which: "published" | "ours",
  session: ConnectSession,
): Promise<{ readonly page: Page; readonly popup: Page }> {
  const page = await world.appPage(context, which, session.session_token);
  const [popup] = await Promise.all([page.waitForEvent("popup"), page.click("#connect")]);
  return { page, popup };
}

test("what an app passes to the published package, ours takes", () => {
  const taken = (options: PublishedOptions): OpenOptions => options;
  expect(taken({ token: "sess_x", onSuccess: () => undefined })).toMatchObject({ token: "sess_x" });
});

describe.each(["published", "ours"] as const)("a popup, with the %s browser package", (which) => {
  test("tells the page the grant, and closes", async () => {
    const session = await world.session();
    const { page, popup } = await openPopup(which, session);
    await consent(popup);
    const told = await toldOnce(page, "success");
    const [grant] = valueOf(told, "success") as Record<string, unknown>[];
    expect(grant).toMatchObject({
      provider: "oidc",
      provider_name: "OpenID Connect (any issuer)",
      account_identifier: world.oidc.account,
      operation: "creation",
      status: "active",
      scopes: ["openid", "offline_access", "email"],
      metadata: { account_email: world.oidc.account },
    });
    expect(await world.state(session)).toMatchObject({
      status: "completed",
      grants: [{ grant_id: grant?.["grant_id"] }],
    });
    await expect.poll(() => popup.isClosed()).toBe(true);
    expect(told.filter(({ kind }) => kind === "exit" || kind === "error")).toEqual([]);
    expect(await page.evaluate("window.connect.isOpen()")).toBe(false);
    const [connected] = await world.entries("connect.connected");
    expect(connected).toMatchObject({ kind: "connect", decision: "allow", grant_id: grant?.["grant_id"] });
  });

  test("several accounts in one session come together", async () => {
    const { page, popup } = await openPopup(
      which,
      await world.session({ allowed_providers: ["oidc", SECOND_PROVIDER] }),
    );
    for (const name of ["OpenID Connect", "Acme Workspace"]) {
      await popup.getByRole("link", { name }).click();
      await consent(popup);
      if (name === "OpenID Connect") await popup.getByText("Connected", { exact: true }).waitFor();
    }
    const told = await toldOnce(page, "success");
    const grants = valueOf(told, "success") as { provider: string }[];
    expect(grants.map(({ provider }) => provider)).toEqual(["oidc", SECOND_PROVIDER]);
  });

  test("a user who declines at the provider: an error, and nothing connected", async () => {
    world.oidc.user = "deny";
    const session = await world.session();
    const { page, popup } = await openPopup(which, session);
    await consent(popup);
    const told = await toldOnce(page, "error");
    expect(valueOf(told, "error")).toMatchObject({ code: "connect_denied" });
    expect(await world.state(session)).toMatchObject({
      status: "denied",
      grants: [],
      error: { code: "connect_denied" },
    });
    await expect.poll(() => popup.isClosed()).toBe(true);
  });

  test("a user who declines on the vault's page", async () => {
    const session = await world.session();
    const { page, popup } = await openPopup(which, session);
    await popup.getByRole("button", { name: "Cancel" }).click();
    const told = await toldOnce(page, "error");
    expect(valueOf(told, "error")).toMatchObject({ code: "connect_denied" });
    expect(await world.state(session)).toMatchObject({ status: "denied" });
  });

  test("a popup that the user closes: exit, and the session stays open", async () => {
    const session = await world.session();
    const { page, popup } = await openPopup(which, session);
    await popup.getByRole("button", { name: /^Continue to/ }).waitFor();
    await popup.close();
    const told = await toldOnce(page, "exit");
    expect(told.filter(({ kind }) => kind === "success" || kind === "error")).toEqual([]);
    expect(await world.state(session)).toMatchObject({ status: "pending" });
  });

  test("a popup that the browser blocks", async () => {
    const page = await world.appPage(context, which, (await world.session()).session_token);
    // Headless browsers have no blocker; this is what one makes of `window.open`.
    await page.evaluate("window.open = () => null");
    await page.click("#connect");
    const told = await toldOnce(page, "error");
    expect(valueOf(told, "error")).toMatchObject({ code: "popup_blocked" });
    expect(await page.evaluate("window.connect.isOpen()")).toBe(false);
  });

  test("a session that ran out: an error that says so", async () => {
    const session = await world.session();
    await world.sql(`UPDATE connect_sessions SET expires_at = 1 WHERE id = '${session.session_id}'`);
    const { page } = await openPopup(which, session);
    const told = await toldOnce(page, "error");
    expect(valueOf(told, "error")).toMatchObject({ code: "session_expired" });
  });

  test("a phone: the page itself goes there and comes back", async () => {
    await context.close();
    context = await world.profile({
      viewport: { width: 390, height: 800 },
      isMobile: true,
      hasTouch: true,
      userAgent: IPHONE,
    });
    const session = await world.session({ return_url: world.app.returnUrl });
    const page = await world.appPage(context, which, session.session_token);
    const said: string[] = [];
    page.on("console", (message) => said.push(message.text()));
    await page.click("#connect");
    await consent(page);
    await page.waitForFunction("window.ready === true");
    if (which === "ours") {
      const told = await toldOnce(page, "on success");
      expect(told).toMatchObject([{ value: [{ provider: "oidc", account_identifier: world.oidc.account }] }]);
      expect(page.url()).toBe(world.app.returnUrl);
    } else {
      // It tells its handlers before there are any; what it has understood it says in its own log.
      await expect.poll(() => said.join("\n")).toContain("OAuth redirect return - success");
      expect(await page.evaluate("sessionStorage.getItem('alter_oauth_state')")).toBeNull();
    }
  });
});

const IPHONE =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1";

describe("a provider that cuts the tie between the windows", () => {
  test("our package asks the vault, and hears it all the same", async () => {
    world.oidc.seversOpener = true;
    const { page, popup } = await openPopup("ours", await world.session());
    await consent(popup);
    const told = await toldOnce(page, "success");
    expect(told.filter(({ kind }) => kind === "exit" || kind === "error")).toEqual([]);
  });
});

describe("by redirect", () => {
  test("back to the return URL with the result, JavaScript switched off", async () => {
    await context.close();
    context = await world.profile({ javaScriptEnabled: false });
    const session = await world.session({ return_url: world.app.returnUrl });
    const page = await context.newPage();
    await page.goto(session.connect_url);
    await consent(page);
    await page.waitForURL((url) => url.origin === world.app.origin);
    const back = new URL(page.url());
    const { grants } = await world.state(session);
    expect(Object.fromEntries(back.searchParams)).toEqual({
      back: "1",
      alter_connect_success: "true",
      grant_id: grants[0]?.grant_id,
      provider: "oidc",
      provider_name: "OpenID Connect (any issuer)",
      account_identifier: world.oidc.account,
      timestamp: grants[0]?.timestamp,
      operation: "creation",
      scopes: "openid,offline_access,email",
      status: "active",
    });
  });

  test("a denial goes back too", async () => {
    world.oidc.user = "deny";
    const session = await world.session({ return_url: world.app.returnUrl });
    const page = await context.newPage();
    await page.goto(session.connect_url);
    await consent(page);
    await page.waitForURL((url) => url.origin === world.app.origin);
    expect(new URL(page.url()).searchParams.get("error_code")).toBe("connect_denied");
  });
});

describe("headless", () => {
  test("the app polls while the user is elsewhere; then the grant can be used", async () => {
    const session = await world.session({ allowed_origin: undefined, label: "work account", agent: "scheduling-bot" });
    expect(await world.state(session)).toMatchObject({ status: "pending", grants: [] });
    const page = await context.newPage();
    await page.goto(session.connect_url);
    expect(await page.getByText("scheduling-bot").count()).toBe(1);
    await consent(page);
    await page.getByRole("heading", { name: "Connected to Acme Notes" }).waitFor();
    const { status, grants } = await world.state(session);
    expect(status).toBe("completed");
    const grantId = grants[0]?.grant_id ?? "";
    const answer = await world.vault.sdk().request("GET", `${upstream.origin}/events`, { grantId });
    expect(answer.status).toBe(200);
    expect(upstream.calls.at(-1)?.headers.authorization).toMatch(/^Bearer .{20,}$/);
  });

  test("a code on another device", async () => {
    const { operator } = world.vault;
    const device = await operator.call("createDeviceConnect", { body: { provider: SECOND_PROVIDER } });
    const poll = () => operator.call("pollConnectSession", { body: { session_token: device.session_token } });
    expect(await poll()).toMatchObject({ status: "pending" });
    const page = await context.newPage();
    await page.goto(device.verification_uri_complete ?? device.verification_uri);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText("Sign-in Success").waitFor();
    await expect.poll(poll, { timeout: 20_000, interval: 500 }).toMatchObject({
      status: "completed",
      grants: [{ provider: SECOND_PROVIDER, account_identifier: world.oidc.account }],
    });
    // At most once in the interval.
    expect(world.oidc.tokenCalls.filter((type) => type.endsWith("device_code")).length).toBeLessThan(5);
    // A device code has no page.
    await page.goto(`${world.vault.url}/connect?session=${device.session_token}`);
    expect(await page.getByText("connect_session_not_found").count()).toBe(1);
  });
});

describe("two tabs at once", () => {
  test("two sessions in one browser do not disturb each other", async () => {
    world.oidc.user = "form";
    const sessions = [await world.session(), await world.session()];
    const tabs = await Promise.all(
      sessions.map(async ({ connect_url: url }) => {
        const tab = await context.newPage();
        await tab.goto(url);
        await consent(tab);
        await tab.getByRole("button", { name: "Allow" }).waitFor();
        return tab;
      }),
    );
    // The one that left last comes back first.
    for (const tab of tabs.toReversed()) {
      for (let step = 0; step < 2 && (await tab.title()) === "Sign in"; step++) {
        await tab.getByRole("button", { name: "Allow" }).click();
        await tab.waitForLoadState();
      }
      await tab.getByRole("heading", { name: "Connected to Acme Notes" }).waitFor();
    }
    for (const session of sessions) expect(await world.state(session)).toMatchObject({ status: "completed" });
  });

  test("one session in two tabs: whoever is first connects, the other is told that it is over", async () => {
    const session = await world.session();
    const [one, other] = [await context.newPage(), await context.newPage()];
    await one.goto(session.connect_url);
    await other.goto(session.connect_url);
    await consent(one);
    await one.getByRole("heading", { name: "Connected to Acme Notes" }).waitFor();
    await consent(other);
    await other.getByText("connect_session_closed").waitFor();
    expect((await world.state(session)).grants).toHaveLength(1);
  });
});

describe("connecting again", () => {
  test("the same account keeps its grant id; another account is refused", async () => {
    const first = await world.session();
    const page = await context.newPage();
    await page.goto(first.connect_url);
    await consent(page);
    await page.getByRole("heading", { name: "Connected to Acme Notes" }).waitFor();
    const grantId = (await world.state(first)).grants[0]?.grant_id ?? "";

    const again = await world.session({ allowed_providers: undefined, grant_id: grantId });
    await page.goto(again.connect_url);
    expect(await page.getByText(world.oidc.account).count()).toBeGreaterThan(0);
    await consent(page);
    await page.getByRole("heading", { name: "Connected to Acme Notes" }).waitFor();
    expect((await world.state(again)).grants).toMatchObject([{ grant_id: grantId, operation: "reauth" }]);

    await context.clearCookies();
    world.oidc.account = `someone-else-${person}@example.com`;
    const wrong = await world.session({ allowed_providers: undefined, grant_id: grantId });
    await page.goto(wrong.connect_url);
    await consent(page);
    await page.getByText("connect_account_mismatch").waitFor();
    expect(await world.state(wrong)).toMatchObject({ status: "pending", error: { code: "connect_account_mismatch" } });
    await page.getByRole("button", { name: "Give up" }).click();
    await page.getByRole("heading", { name: "Nothing was connected" }).waitFor();
    expect(await world.state(wrong)).toMatchObject({ status: "failed" });
  });
});
