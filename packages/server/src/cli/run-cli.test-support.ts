import { Readable, Writable } from "node:stream";
import { expect } from "vitest";
import { createLogger } from "../logger.ts";
import type { Surroundings } from "../local-vault.ts";
import { systemSurroundings } from "../system.ts";
import type { Cli } from "./cli.ts";
import { runCli } from "./run.ts";

/** Commands run inside of a test; only `main.ts` is left out. */
export const around: Surroundings = systemSurroundings(createLogger("silent"));

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Given {
  readonly stdin?: string;
  readonly env?: Record<string, string>;
  readonly clock?: Cli["clock"];
  /** Hears which pages are shown in the browser. */
  readonly openUrl?: Cli["openUrl"];
}

function sink(): { stream: Writable; text: () => string } {
  let text = "";
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  return { stream, text: () => text };
}

/** Runs one command to its end. */
export async function run(argv: readonly string[], given: Given = {}): Promise<Ran> {
  const stdout = sink();
  const stderr = sink();
  let code = 0;
  await runCli({
    argv,
    stdin: Readable.from([Buffer.from(given.stdin ?? "")]),
    stdout: stdout.stream,
    stderr: stderr.stream,
    clock: given.clock ?? around.clock,
    random: around.random,
    newId: around.newId,
    nodeVersion: process.versions.node,
    environment: given.env ?? {},
    onSignal: () => () => undefined,
    processes: { fork: () => expect.unreachable(), linkToPrimary: () => expect.unreachable() },
    openUrl: given.openUrl ?? (() => undefined),
    exitNow: () => undefined,
    setExitCode: (value) => {
      code = value;
    },
  });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

/** Runs with --json and answers the one line of stdout. */
export async function json<T>(
  args: readonly string[],
  given: Given = {},
): Promise<{ code: number; answer: T; stderr: string }> {
  const { code, stdout, stderr } = await run([...args, "--json"], given);
  expect(stdout.trimEnd().split("\n"), `one line on stdout; stderr was: ${stderr}`).toHaveLength(1);
  return { code, answer: JSON.parse(stdout) as T, stderr };
}
