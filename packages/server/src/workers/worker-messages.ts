import type { Socket } from "node:net";
import type { MetricFamily } from "../metrics.ts";

/** What the primary says to a worker. */
export type ToWorker =
  /** `ended`: processes that ended without a word, by the names they had; the primary has seen them end. */
  | { readonly type: "start"; readonly worker: number; readonly url: string; readonly ended: readonly string[] }
  /** Comes with the connection itself. */
  | { readonly type: "connection"; readonly id: number }
  | { readonly type: "stop" }
  | { readonly type: "read_metrics"; readonly id: number }
  | { readonly type: "metrics_of_all"; readonly id: number; readonly families: readonly MetricFamily[] };

/** What a worker says to the primary. */
export type ToPrimary =
  | { readonly type: "hello" }
  /** It takes calls. `processName`: what it is called where it holds something in the database. */
  | { readonly type: "ready"; readonly processName: string }
  /** That connection is the worker's from now on. */
  | { readonly type: "taken"; readonly id: number }
  /** It takes no more connections. */
  | { readonly type: "closing" }
  | { readonly type: "metrics"; readonly id: number; readonly families: readonly MetricFamily[] }
  | { readonly type: "ask_metrics"; readonly id: number };

/** A worker, as the primary sees it. */
export interface WorkerProcess {
  send(message: ToWorker, connection?: Socket): void;
  onMessage(listener: (message: ToPrimary) => void): void;
  /** Once. */
  onExit(listener: (code: number | null) => void): void;
  /** At once. */
  kill(): void;
}

/** The primary, as a worker sees it. */
export interface PrimaryLink {
  send(message: ToPrimary): void;
  /** A connection may have ended on the way. */
  onMessage(listener: (message: ToWorker, connection: Socket | undefined) => void): void;
  onGone(listener: () => void): void;
  /** Ends the link, so that it does not hold the process any more. */
  leave(): void;
}

/** Processes of this program on this machine that share a port. */
export interface Processes {
  /** One more, with these arguments. */
  fork(args: readonly string[]): WorkerProcess;
  /** For a process that was made by `fork`. */
  linkToPrimary(): PrimaryLink;
}
