import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SECOND_PROVIDER, startConnectWorld, type ConnectWorld } from "../harness/connect-world.ts";

/*
 * What the pages of Connect are like: readable by everybody, narrow, fast, and on nobody's side but the user's.
 */
let world: ConnectWorld;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

beforeAll(async () => {
  world = await startConnectWorld();
  const { operator } = world.vault;
  const scopes = ["read_products", "write_orders", "read_customers", "unknown_scope"];
  const client = { client_id: "fake-client", client_secret: "fake-secret", default_scopes: scopes };
  await operator.call("putProviderConfig", { id: "shopify", body: client });
}, 120_000);
afterAll(() => world.stop());

/** Each page, and how to get there. */
const PAGES: Readonly<Record<string, (page: Page) => Promise<unknown>>> = {
  picker: async (page) => page.goto((await several()).connect_url),
  "picker with one connected": async (page) => connectOne(page, (await several()).connect_url),
  "picker after a denial": async (page) => {
    world.oidc.user = "deny";
    await connectOne(page, (await several()).connect_url);
    world.oidc.user = "approve";
  },
  consent: async (page) => page.goto((await world.session({ agent: "scheduling-bot" })).connect_url),
  "consent with a question": async (page) => page.goto((await shop()).connect_url),
  "consent with a wrong answer": async (page) => {
    await page.goto((await shop()).connect_url);
    await page.getByLabel("Store").fill("not/a/shop");
    await page.getByRole("button", { name: /^Continue to/ }).click();
    await page.locator("[aria-invalid]").waitFor();
  },
  result: async (page) => {
    await page.goto((await world.session()).connect_url);
    await page.getByRole("button", { name: /^Continue to/ }).click();
    await page.getByRole("heading", { name: "Connected to Acme Notes" }).waitFor();
  },
  declined: async (page) => {
    await page.goto((await world.session()).connect_url);
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("heading", { name: "Nothing was connected" }).waitFor();
  },
  error: (page) => page.goto(`${world.vault.url}/connect?session=sess_guess`),
};

const several = () =>
  world.session({ allowed_providers: ["shopify", "oidc", SECOND_PROVIDER], agent: "scheduling-bot" });
const shop = () => world.session({ allowed_providers: ["shopify"], grant_policy: { max_ttl_seconds: 30 * 86_400 } });

async function connectOne(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.getByRole("link", { name: "OpenID Connect" }).click();
  await page.getByRole("button", { name: /^Continue to/ }).click();
  await page.getByRole("heading", { name: "Connect accounts to Acme Notes" }).waitFor();
}

describe.each(["light", "dark"] as const)("in the %s", (colorScheme) => {
  let context: BrowserContext;
  beforeAll(async () => {
    context = await world.profile({ colorScheme, viewport: { width: 360, height: 740 }, bypassCSP: true });
  });
  afterAll(() => context.close());

  test.each(Object.entries(PAGES))(
    "%s: nothing that axe-core finds, and no sideways scrolling at 360 px",
    async (_name, open) => {
      await context.clearCookies();
      const page = await context.newPage();
      await open(page);
      await page.evaluate(AXE);
      const { violations } = await page.evaluate<AxeResults>("axe.run()");
      expect(violations.map(({ id, impact, nodes }) => ({ id, impact, html: nodes.map((node) => node.html) }))).toEqual(
        [],
      );
      const [inner, scroll] = await page.evaluate<[number, number]>(
        "[document.documentElement.clientWidth, document.documentElement.scrollWidth]",
      );
      expect(scroll).toBeLessThanOrEqual(inner);
      await page.close();
    },
  );
});

describe("every page", () => {
  test("asks nobody but the vault for anything, and its own policy finds nothing to complain about", async () => {
    const context = await world.profile();
    const hosts = new Set<string>();
    const complaints: string[] = [];
    context.on("request", (request) => hosts.add(new URL(request.url()).origin));
    context.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`));
    context.on("weberror", (error) => complaints.push(error.error().message));
    for (const open of Object.values(PAGES)) {
      const page = await context.newPage();
      await open(page);
      await page.close();
    }
    await context.close();
    hosts.delete("null"); // data: URLs
    expect([...hosts].toSorted()).toEqual([world.vault.url, world.oidc.issuer].toSorted());
    // A refusal is a 4xx, which browsers mention; nothing else.
    expect(complaints.filter((text) => !/status of (400|404)/.test(text))).toEqual([]);
  });

  test("is locked down, and leaves the tie to the opener alone", async () => {
    const answer = await fetch((await world.session()).connect_url);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "content-security-policy":
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
      "cross-origin-opener-policy": "unsafe-none",
      "x-frame-options": "DENY",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cache-control": "no-store",
    });
    const html = await answer.text();
    expect(html).not.toMatch(/<style|style=|<script>|javascript:|\son\w+=/);
  });

  test("shows names as text, whatever they hold", async () => {
    const nasty = `"><img src=x onerror=alert(1)>'&`;
    const { operator } = world.vault;
    await operator.call("putConnectSettings", { body: { display_name: nasty } });
    const page = await (await world.profile()).newPage();
    await page.goto((await world.session({ agent: nasty })).connect_url);
    expect(await page.locator("strong").allTextContents()).toEqual([nasty, nasty]);
    expect(await page.locator("main img").count()).toBe(0);
    await page.context().close();
    await operator.call("putConnectSettings", { body: { display_name: "Acme Notes" } });
  });

  test("goes by keyboard alone", async () => {
    const page = await (await world.profile()).newPage();
    await page.goto((await world.session()).connect_url);
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent")).toContain("Continue to");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Connected to Acme Notes" }).waitFor();
    await page.context().close();
  });

  test("is there at once", async () => {
    const page = await (await world.profile()).newPage();
    const times: number[] = [];
    for (let round = 0; round < 7; round++) {
      await page.goto((await world.session()).connect_url);
      times.push(await page.evaluate<number>(FIRST_PAINT));
    }
    await page.context().close();
    const median = times.toSorted((a, b) => a - b)[3] ?? Number.NaN;
    console.info(
      `first contentful paint, median of 7 on loopback: ${Math.round(median)} ms (${times.map(Math.round).join(", ")})`,
    );
    // 100 ms is what is promised; a machine that runs ten other tests gets more.
    expect(median).toBeLessThan(400);
  });
});

const FIRST_PAINT = `new Promise((resolve) =>
  new PerformanceObserver((list) => {
    const [paint] = list.getEntriesByName("first-contentful-paint");
    if (paint) resolve(paint.startTime);
  }).observe({ type: "paint", buffered: true }))`;
