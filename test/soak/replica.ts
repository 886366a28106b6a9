import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { ReplicaOrder } from "./replica-process.ts";

/** A replica in a process of its own, always at the same address. */
export interface Replica {
  readonly url: string;
  kill(): Promise<void>;
  /** Tries until it runs: the database may be away. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** The last of what it wrote to stderr. */
  log(): string;
}

const MAIN = new URL("./replica-process.ts", import.meta.url).pathname;

export async function startReplica(order: ReplicaOrder): Promise<Replica> {
  let child: ChildProcess | null = null;
  let log = "";
  let stopped = false;

  async function tryToStart(): Promise<boolean> {
    const mine = spawn(process.execPath, [MAIN, JSON.stringify(order)], { stdio: ["ignore", "pipe", "pipe"] });
    child = mine;
    mine.stderr.on("data", (chunk: Buffer) => (log = `${log}${chunk.toString()}`.slice(-20_000)));
    const ready = once(createInterface(mine.stdout), "line").then(() => true);
    const ended = once(mine, "exit").then(() => false);
    return Promise.race([ready, ended]);
  }
  async function end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const mine = child;
    if (!mine || mine.exitCode !== null || mine.signalCode !== null) return;
    const gone = once(mine, "exit");
    mine.kill(signal);
    await gone;
  }
  async function start(): Promise<void> {
    while (!stopped && !(await tryToStart())) await sleep(200);
  }

  await start();
  return {
    url: `http://127.0.0.1:${order.port}`,
    kill: () => end("SIGKILL"),
    start,
    async stop() {
      stopped = true;
      await end("SIGTERM");
    },
    log: () => log,
  };
}
