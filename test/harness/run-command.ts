import { spawn } from "node:child_process";
import { once } from "node:events";

/** One command of the command line, in a process of its own, to its end. */
export interface RanCommand {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const MAIN = new URL("../../packages/server/src/main.ts", import.meta.url).pathname;

export async function runCommand(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  /** No file may become larger than so many blocks of the shell's: as on a disk that is nearly full. */
  mostBlocks?: number,
): Promise<RanCommand> {
  const limited = ["-c", `ulimit -f ${mostBlocks}; exec "$@"`, "sh", process.execPath, MAIN, ...args];
  const [program, given] = mostBlocks === undefined ? [process.execPath, [MAIN, ...args]] : ["sh", limited];
  const child = spawn(program, given, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  const out = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (out.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (out.stderr += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, ...out };
}
