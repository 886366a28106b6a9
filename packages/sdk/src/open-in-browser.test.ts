import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openInBrowser } from "./open-in-browser.ts";

const URL_ = "https://vault.example/connect?a=1&b=$(2)#session=fake";

let folder: string;
let seen: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "opener-"));
  seen = join(folder, "seen");
  vi.stubEnv("PATH", folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** A program in the place of the system's opener. */
function opener(script: string): void {
  const path = join(folder, process.platform === "darwin" ? "open" : "xdg-open");
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}

test.skipIf(process.platform === "win32")("the opener gets the URL as one argument, through no shell", async () => {
  opener(`printf '%s|%s' "$#" "$1" > '${seen}'`);
  expect(await openInBrowser(URL_)).toBe(true);
  expect(readFileSync(seen, "utf8")).toBe(`1|${URL_}`);
});

test.skipIf(process.platform === "win32")("an opener that runs on has done its work", async () => {
  opener("exec /bin/sleep 1");
  expect(await openInBrowser(URL_, 20)).toBe(true);
});

test.skipIf(process.platform === "win32")("an opener that fails", async () => {
  opener("exit 3");
  expect(await openInBrowser(URL_)).toBe(false);
});

test.skipIf(process.platform === "win32")("no opener", async () => {
  expect(await openInBrowser(URL_)).toBe(false);
});

test.each(["file:///etc/passwd", "javascript:alert(1)", "-a Calculator", "", "vault.example"])(
  "%s is not opened",
  async (url) => {
    opener(`: > '${seen}'`);
    expect(await openInBrowser(url)).toBe(false);
    expect(existsSync(seen)).toBe(false);
  },
);
