import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { PartsPlace } from "./oauth-parts.ts";

export interface RefresherGrant {
  readonly grantId: string;
  /** A call of the provider's API, to use the tokens for. */
  readonly apiUrl: string;
}

export interface RefresherOrder extends PartsPlace {
  readonly appId: string;
  readonly grants: readonly RefresherGrant[];
  readonly task: "together" | "forever";
  /** For each grant, when they come together. */
  readonly callers: number;
}

export type RefresherReport =
  | { readonly ready: true }
  | { readonly refreshed: string }
  /** What the callers got, each kind once. */
  | { readonly outcomes: readonly string[] }
  | { readonly failed: string };

/** A refresher in a process of its own. */
export interface RefresherChild {
  /** The next thing it says. Rejects when it ends without a word. */
  next(): Promise<RefresherReport>;
  go(): void;
  kill(): Promise<void>;
  ended(): Promise<void>;
}

const MAIN = new URL("./refresher-process.ts", import.meta.url).pathname;

export function startRefresher(order: RefresherOrder): RefresherChild {
  const child: ChildProcess = spawn(process.execPath, [MAIN, JSON.stringify(order)], {
    stdio: ["pipe", "pipe", "pipe"],
    // Compiled once for all processes of a data directory, if the first one ends in peace.
    env: { ...process.env, NODE_COMPILE_CACHE: join(dirname(order.databasePath), "compiled") },
  });
  const { stdin, stdout, stderr } = child;
  if (!stdin || !stdout || !stderr) throw new Error("no streams");
  let errors = "";
  stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  stdin.on("error", () => undefined);
  const exited = once(child, "exit");
  const lines = createInterface(stdout)[Symbol.asyncIterator]();
  return {
    async next() {
      const { value, done } = (await lines.next()) as IteratorResult<string, undefined>;
      if (done) throw new Error(`the refresher ended: ${errors.slice(-2000)}`);
      return JSON.parse(value) as RefresherReport;
    },
    go: () => void stdin.end("go\n"),
    async kill() {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
      await exited;
    },
    async ended() {
      await exited;
    },
  };
}
