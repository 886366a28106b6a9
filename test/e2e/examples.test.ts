import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";

/** Every example runs by itself, checks what it shows, and ends with 0. */
const ROOT = new URL("../..", import.meta.url).pathname;
const EXAMPLES = readdirSync(join(ROOT, "examples")).filter((name) =>
  existsSync(join(ROOT, "examples", name, "main.ts")),
);
/** Examples that would stay up without being told otherwise. */
const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  "ai-sdk-card": ["--once"],
  "express-identity": ["--once"],
  "first-call": ["--once"],
};

test("there are examples", () => {
  expect(EXAMPLES).toEqual(
    expect.arrayContaining(["ai-sdk-card", "express-identity", "express-users", "langgraph-pause", "mcp-server"]),
  );
});

test.each(EXAMPLES)(
  "%s",
  async (name) => {
    const args = [join(ROOT, "examples", name, "main.ts"), ...(ARGUMENTS[name] ?? [])];
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"], timeout: 60_000 });
    const ended = new Promise<number | null>((resolve, reject) => child.on("close", resolve).on("error", reject));
    const [code, printed, complaints] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
    expect(code, printed + complaints).toBe(0);
  },
  65_000,
);
