import { spawn } from "node:child_process";
import { once } from "node:events";

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const MAIN = new URL("../../packages/server/src/main.ts", import.meta.url).pathname;

/** One command of the command line in a process of its own, to its end. Only these settings are in its environment. */
export async function runMain(args: readonly string[], settings: Record<string, string>): Promise<Ran> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], ...settings },
  });
  const text = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (text.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (text.stderr += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, ...text };
}
