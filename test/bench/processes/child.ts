import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { join } from "node:path";

/** The processes of the benchmark: started here, each on its core where that can be had, and ended here, by their ids. */
export interface Child {
  readonly pid: number;
  readonly stop: () => Promise<void>;
}

export interface NodeChild<Ready> extends Child {
  readonly ready: Ready;
  /** One question at a time. */
  readonly ask: <Answer>(question: string, argument?: unknown) => Promise<Answer>;
  readonly cpu: () => Promise<number>;
}

/** One core for what is measured, one for whoever measures; `any` is not held to one. */
export type Core = "system" | "load" | "any";

type Message<Ready> = { readonly ready?: Ready; readonly answer?: unknown; readonly error?: string };

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 10_000;
const CORES: Readonly<Record<Exclude<Core, "any">, string>> = { load: "0", system: "1" };

const running = new Set<Child>();
let pinning: boolean | null = null;

/** Whether processes get a core of their own: `taskset` is there, and there are two cores. */
export function canPin(): boolean {
  pinning ??= Object.values(CORES).every((core) => spawnSync("taskset", ["-c", core, "true"]).status === 0);
  return pinning;
}

/** Starts a script of this folder and waits until it says that it is ready. */
export async function startNode<Ready>(
  core: Core,
  script: string,
  args: readonly string[] = [],
  nodeArgs: readonly string[] = [],
): Promise<NodeChild<Ready>> {
  const path = join(import.meta.dirname, "..", script);
  const child = start(core, process.execPath, [...nodeArgs, path, ...args], true);
  const first = await nextMessage<Ready>(child.process, script, START_TIMEOUT_MS);
  if (first.ready === undefined) throw new Error(`${script} did not start`);
  const ask = async <Answer>(question: string, argument?: unknown): Promise<Answer> => {
    const answer = nextMessage<Ready>(child.process, script, null);
    child.process.send({ ask: question, argument });
    const message = await answer;
    if (message.error !== undefined) throw new Error(`${script}: ${message.error}`);
    return message.answer as Answer;
  };
  return { pid: child.pid, stop: child.stop, ready: first.ready, ask, cpu: () => ask<number>("cpu") };
}

/** Starts some other program. */
export function startProgram(core: Core, program: string, args: readonly string[]): Child {
  return start(core, program, args, false);
}

export async function stopAllChildren(): Promise<void> {
  await Promise.all([...running].map((child) => child.stop()));
}

function start(
  core: Core,
  program: string,
  args: readonly string[],
  withIpc: boolean,
): Child & { process: ChildProcess } {
  const [command, all] =
    core !== "any" && canPin() ? ["taskset", ["-c", CORES[core], program, ...args]] : [program, args];
  const child = spawn(command, [...all], {
    stdio: ["ignore", "ignore", "inherit", ...(withIpc ? ["ipc" as const] : [])],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command} cannot be started`);
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  let stopping: Promise<void> | null = null;
  const stop = (): Promise<void> => (stopping ??= end(child, exited).finally(() => running.delete(handle)));
  const handle = { pid, stop, process: child };
  running.add(handle);
  return handle;
}

async function end(child: ChildProcess, exited: Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  const force = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(force);
}

function nextMessage<Ready>(child: ChildProcess, name: string, timeoutMs: number | null): Promise<Message<Ready>> {
  return new Promise((resolve, reject) => {
    const timer = timeoutMs === null ? null : setTimeout(() => done(new Error(`${name} takes too long`)), timeoutMs);
    const onMessage = (message: unknown): void => done(null, message as Message<Ready>);
    const onExit = (): void => done(new Error(`${name} ended early`));
    function done(error: Error | null, message?: Message<Ready>): void {
      if (timer) clearTimeout(timer);
      child.off("message", onMessage);
      child.off("exit", onExit);
      if (message) resolve(message);
      else reject(error ?? new Error(`${name} said nothing`));
    }
    child.once("message", onMessage);
    child.once("exit", onExit);
  });
}
