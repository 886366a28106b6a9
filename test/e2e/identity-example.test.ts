import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchChromium } from "../harness/chromium.ts";
import { printedAddress } from "../harness/printed-address.ts";

/*
 * The example with a login, as two people see it in a real browser.
 */
const ROOT = new URL("../..", import.meta.url).pathname;
let example: ChildProcess;
let browser: Browser;
let url: string;

beforeAll(async () => {
  const args = [`${ROOT}examples/express-identity/main.ts`];
  example = spawn(process.execPath, args, { cwd: ROOT, stdio: ["ignore", "pipe", "ignore"] });
  [url, browser] = await Promise.all([printedAddress(example), launchChromium()]);
}, 120_000);
afterAll(async () => {
  await browser?.close();
  const ended = example.exitCode === null ? once(example, "exit") : [example.exitCode];
  example.kill("SIGTERM");
  expect((await ended)[0]).toBe(0);
});

test("each of two people sees what their agents did, and nothing of the other's", async () => {
  const [ada, bob] = await Promise.all([logIn("Ada"), logIn("Bob")]);
  await press(ada.page, "Ask scout");
  expect(await notice(ada.page)).toContain("may not do that for you (no_delegated_grant)");
  await press(ada.page, "Engage scout");
  await press(ada.page, "Ask scout");
  expect(await notice(ada.page)).toContain("scout found: Ada's door is stuck");
  await press(bob.page, "Engage scribe");
  await press(bob.page, "Ask scribe");
  expect(await notice(bob.page)).toContain("scribe found: Bob's door is stuck");

  await Promise.all([ada.page.goto(url), bob.page.goto(url)]);
  expect(await lines(ada.page)).toEqual([
    ["scout", "allowed, 200"],
    ["scout", "refused: no_delegated_grant"],
  ]);
  expect(await lines(bob.page)).toEqual([["scribe", "allowed, 200"]]);
  expect(await ada.page.content()).not.toContain("Bob");
  expect(await bob.page.content()).not.toContain("Ada");

  await press(ada.page, "Dismiss scout");
  await press(ada.page, "Ask scout");
  expect(await notice(ada.page)).toContain("may not do that for you");
  expect(await lines(bob.page)).toHaveLength(1);

  await press(ada.page, "Log out");
  expect(await ada.page.getByRole("link", { name: "Log in" }).count()).toBe(1);
  await Promise.all([ada.context.close(), bob.context.close()]);
});

async function logIn(name: string): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(url);
  await page.getByRole("link", { name: "Log in" }).click();
  await page.getByRole("button", { name: `Log in as ${name}` }).click();
  await page.getByRole("heading", { name: `${name}'s notebook` }).waitFor();
  return { context, page };
}

async function press(page: Page, name: string): Promise<void> {
  await Promise.all([page.waitForEvent("load"), page.getByRole("button", { name, exact: true }).click()]);
}

async function notice(page: Page): Promise<string> {
  return (await page.getByRole("status").textContent()) ?? "";
}

/** Agent and result of each line, newest first. */
async function lines(page: Page): Promise<string[][]> {
  const rows = await page.locator("tbody tr").all();
  return Promise.all(
    rows.map(async (row) => {
      const cells = await row.locator("td").allTextContents();
      return [cells[0] ?? "", cells[3] ?? ""];
    }),
  );
}
