import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { policy, rule, type Approval } from "@alter-vault/protocol";
import type { AxeResults } from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { launchChromium } from "../harness/chromium.ts";
import { identityWorld, type IdentityWorld } from "../harness/identity-world.ts";
import { getThrough, rawCall, withHeaders } from "../harness/raw-call.ts";
import { startUpstream, type Upstream } from "../harness/upstream.ts";

/*
 * The page on which somebody says yes: all that they must know is on it, for everybody, on a phone, by keyboard alone,
 * and nothing that the agent writes is more than text.
 */
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const BODY = JSON.stringify({ amount: 500, to: "Ada", note: "x".repeat(300) });

let browser: Browser;
let upstream: Upstream;
let world: IdentityWorld;
let id: string;
let links: Readonly<Record<"shows" | "decides" | "second", string>>;

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());
beforeEach(async () => {
  upstream = await startUpstream();
  world = await identityWorld(upstream.origin);
  const { operator } = world.vault;
  const token = await world.issuer.sign({ name: "Ada Example", email: "ada@example.com" });
  const approvers = await Promise.all(
    ["ben", "eve"].map(async (sub) => world.userIdOf(await world.issuer.sign({ sub, groups: [] }))),
  );
  const two = rule("big-payments").requireApproval({
    approvers: { users: approvers },
    quorum: 2,
    expires_in_seconds: 600,
  });
  await operator.call("publishPolicy", { body: { document: policy({ rules: [two] }) } });
  const { api_key } = await operator.call("createKey", { body: { name: "billing" } });
  const asked = await rawCall(world.vault.url, api_key, {
    alter: {
      ...getThrough(world.grants.ada, `${upstream.origin}/v1/transfers/${"long-".repeat(20)}?dry_run=false&token=fake`),
      ...withHeaders(["content-type", "application/json"], ["idempotency-key", "k-1"]),
      "alter-method": "POST",
      "alter-user-token": token,
      "alter-caller": JSON.stringify({ type: "agent", identifier: "billing-bot", name: "Billing <b>bot</b>" }),
      "alter-context": JSON.stringify({ run_id: "run-7", thread_id: "thread-3" }),
      "alter-reason": JSON.stringify("Invoice 17 is due <script>alert(1)</script>"),
    },
    body: BODY,
  });
  expect(asked.problem?.code).toBe("approval_required");
  id = asked.problem?.approval_id ?? "";
  const linkFor = async (user_id: string | undefined): Promise<string> =>
    (await operator.call("createApprovalLink", { id, body: { user_id: user_id ?? "" } })).url;
  links = {
    shows: asked.problem?.approval_url ?? "",
    decides: await linkFor(approvers[0]),
    second: await linkFor(approvers[1]),
  };
});
afterEach(async () => {
  await world.stop();
  await upstream.close();
});

async function onPage<T>(
  url: string,
  work: (page: Page) => Promise<T>,
  colorScheme: "light" | "dark" = "light",
): Promise<T> {
  const context = await browser.newContext({ colorScheme, viewport: { width: 360, height: 740 }, bypassCSP: true });
  try {
    const page = await context.newPage();
    await page.goto(url);
    return await work(page);
  } finally {
    await context.close();
  }
}
const show = (): Promise<Approval> => world.vault.operator.call("getApproval", { id });

describe.each(["light", "dark"] as const)("in the %s", (scheme) => {
  test.each(["shows", "decides"] as const)(
    "a link that %s: nothing that axe-core finds, and no sideways scrolling at 360 px",
    async (kind) => {
      await onPage(
        links[kind],
        async (page) => {
          await page.evaluate(AXE);
          const { violations } = await page.evaluate<AxeResults>("axe.run()");
          expect(violations.map(({ id: name, nodes }) => [name, nodes.map((node) => node.html)])).toEqual([]);
          const [inner, scroll] = await page.evaluate<[number, number]>(
            "[document.documentElement.clientWidth, document.documentElement.scrollWidth]",
          );
          expect(scroll).toBeLessThanOrEqual(inner);
        },
        scheme,
      );
    },
  );
});

test("says who does what for whom, why, with what, and how many must agree; and it is all text", async () => {
  await onPage(links.shows, async (page) => {
    const text = await page.locator("main").innerText();
    for (const part of [
      "Billing <b>bot</b>",
      "Invoice 17 is due <script>alert(1)</script>",
      `POST ${upstream.origin}/v1/transfers/long-`,
      "dry_run=false",
      "Provider\ndemo",
      "Account\nAda's",
      "Calls itself\nBilling",
      "Ada Example, ada@example.com",
      "run-7",
      "thread-3",
      "0 of 2",
      "idempotency-key",
      '"amount":500',
    ])
      expect(text).toContain(part);
    expect(text).not.toContain("token=fake");
    expect(await page.locator("main script, main b").count()).toBe(0);
    expect(await page.locator("form, button").count()).toBe(0);
  });
});

test("goes by keyboard alone; Enter in the reason decides nothing", async () => {
  await onPage(links.decides, async (page) => {
    await page.keyboard.press("Tab");
    for (let step = 0; step < 5 && !(await focused(page)).includes("TEXTAREA"); step++)
      await page.keyboard.press("Tab");
    await page.keyboard.type("Not before I have seen the invoice");
    await page.keyboard.press("Enter");
    expect((await show()).status).toBe("pending");
    await page.keyboard.press("Tab");
    expect(await focused(page)).toContain("Approve");
    await page.keyboard.press("Tab");
    expect(await focused(page)).toContain("Deny");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Denied" }).waitFor();
    expect(await page.locator("main").innerText()).toContain("Not before I have seen the invoice");
  });
  expect(await show()).toMatchObject({ status: "denied" });
  expect(upstream.calls).toEqual([]);
});

test("two say yes, one after the other, and the second one's page shows the first", async () => {
  await onPage(links.decides, async (page) => {
    await page.getByRole("button", { name: "Approve", exact: true }).click();
    await page.getByText("1 of 2").waitFor();
    expect(upstream.calls).toEqual([]);
  });
  await onPage(links.second, async (page) => {
    await page.getByText("1 of 2").waitFor();
    await page.getByRole("button", { name: "Approve: it is done at once" }).click();
    await page.getByRole("heading", { name: /^Approved/ }).waitFor();
  });
  await expect.poll(() => upstream.calls.map(({ body }) => body.toString())).toEqual([BODY]);
});

function focused(page: Page): Promise<string> {
  return page.evaluate<string>("document.activeElement.tagName + ' ' + document.activeElement.textContent");
}
