import type { Readable, Writable } from "node:stream";
import type { Clock } from "../clock.ts";
import type { NewId, RandomBytes } from "../random.ts";
import type { Processes } from "../workers/worker-messages.ts";

/**
 * What the command line is given by `main.ts`: the streams, time, randomness and signals of the process. Nothing in this
 * folder takes them from anywhere else, so all of it can be run inside of a test.
 */
export interface Cli {
  /** The arguments after the program's name. */
  readonly argv: readonly string[];
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly newId: NewId;
  readonly nodeVersion: string;
  /** The environment; it is read in `config.ts` only. */
  readonly environment: NodeJS.ProcessEnv | undefined;
  /** Calls back for every SIGINT and SIGTERM, until the answer is called. */
  onSignal(listener: (signal: string) => void): () => void;
  /** The processes of this machine that share a port with this one. */
  readonly processes: Processes;
  /** Shows a page in the browser of whoever sits here, if there is one. Does not wait, and does not fail. */
  openUrl(url: string): void;
  /** Ends the process at once. */
  exitNow(code: number): void;
  /** What the process ends with when a command finished without an error. */
  setExitCode(code: number): void;
}

type InputStream = Readable & { readonly isTTY?: boolean; setRawMode?(on: boolean): unknown };
export type OutputStream = Writable & { readonly isTTY?: boolean };
