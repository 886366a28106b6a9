import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { BrowserContext, Page } from "playwright-core";
import { startConnectWorld, SECOND_PROVIDER, toldOnce, type ConnectWorld } from "../harness/connect-world.ts";

/*
 * Connecting an account, from the app's button to the grant, in a real browser against a real authorization server.
 */
let world: ConnectWorld;
let context: BrowserContext;

beforeAll(async () => {
  world = await startConnectWorld();
});
afterAll(() => world.stop());
beforeEach(async () => {
  Object.assign(world.oidc, { user: "approve", account: "ada@example.com", seversOpener: false });
  context = await world.profile();
});
afterEach(() => context.close());

const consent = (page: Page): Promise<void> => page.getByRole("button", { name: /^Continue to/ }).click();

describe.each(["published", "ours"] as const)("a popup, with the %s browser package", (which) => {
  test("tells the page the grant, and closes", async () => {
    const { session_token: token } = await world.session();
    const page = await world.appPage(context, which, token);
    const [popup] = await Promise.all([page.waitForEvent("popup"), page.click("#connect")]);
    await consent(popup);
    const told = await toldOnce(page, "success");
    const [grant] = told.find(({ kind }) => kind === "success")?.value as Record<string, unknown>[];
    expect(grant).toMatchObject({
      provider: "oidc",
      provider_name: "OpenID Connect (any issuer)",
      account_identifier: "ada@example.com",
      operation: "creation",
      status: "active",
      metadata: { account_email: "ada@example.com" },
    });
    const { grants } = await world.vault.operator.call("listGrants");
    expect(grants.map(({ grant_id }) => grant_id)).toContain(grant?.["grant_id"]);
    await expect.poll(() => popup.isClosed()).toBe(true);
    expect(told.filter(({ kind }) => kind === "exit" || kind === "error")).toEqual([]);
    expect(await page.evaluate("window.connect.isOpen()")).toBe(false);
  });
});
