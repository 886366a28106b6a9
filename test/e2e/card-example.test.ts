import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import process from "node:process";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchChromium } from "../harness/chromium.ts";
import { printedAddress } from "../harness/printed-address.ts";

/*
 * The card of @alter-vault/ai in the page of an example, as somebody sees it in a real browser.
 */
const ROOT = new URL("../..", import.meta.url).pathname;
let example: ChildProcess;
let browser: Browser;
let url: string;

beforeAll(async () => {
  const args = [`${ROOT}examples/ai-sdk-card/main.ts`];
  example = spawn(process.execPath, args, { cwd: ROOT, stdio: ["ignore", "pipe", "ignore"] });
  [url, browser] = await Promise.all([printedAddress(example), launchChromium()]);
}, 120_000);
afterAll(async () => {
  await browser?.close();
  const ended = example.exitCode === null ? once(example, "exit") : [example.exitCode];
  example.kill("SIGTERM");
  expect((await ended)[0]).toBe(0);
});

test("the card is there while the tool waits, opens Connect, and makes room for what the tool found", async () => {
  const context = await browser.newContext();
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const streamed: Promise<string>[] = [];
  page.on("response", (answer) => {
    if (answer.url().endsWith("/api/chat")) streamed.push(answer.text());
  });
  await page.goto(url);
  await page.getByRole("button", { name: "What is on today?" }).click();

  const card = page.getByRole("status");
  await card.getByText("The user must connect the calendar account first.").waitFor();
  expect(await page.getByRole("list", { name: "Events" }).count()).toBe(0);
  const link = card.getByRole("link", { name: "Continue" });
  const [connect] = await Promise.all([context.waitForEvent("page"), link.click()]);
  await connect.getByRole("button", { name: "Continue to Calendar" }).click();
  await connect.getByRole("button", { name: "Allow" }).click();
  await connect.getByRole("heading", { name: /^Connected to/ }).waitFor();

  // Nobody touches the chat's page: the tool goes on by itself.
  await page.getByText("Lunch with Bob").waitFor();
  await page.getByText("That is all for today.").waitFor();
  expect(await card.count()).toBe(0);
  const [stream = ""] = await Promise.all(streamed);
  expect(stream).toContain("Lunch with Bob");
  expect(stream).not.toContain("fake-token");
  await context.close();
});

test("the card of the README is that of the example", () => {
  const read = (path: string): string => readFileSync(`${ROOT}${path}`, "utf8");
  expect(read("packages/ai/README.md")).toContain(read("examples/ai-sdk-card/vault-card.tsx"));
});
