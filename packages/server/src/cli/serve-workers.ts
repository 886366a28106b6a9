import type { Config } from "../config.ts";
import { startLocalVault } from "../local-vault.ts";
import { createLogger, type Logger } from "../logger.ts";
import { announceRunning, forgetRunning } from "../running-file.ts";
import { superviseWorkers } from "../workers/supervise-workers.ts";
import { dealConnections } from "../workers/deal-connections.ts";
import type { WorkerProcess } from "../workers/worker-messages.ts";
import { takePlace } from "../workers/worker-place.ts";
import type { Cli } from "./cli.ts";

/** Not for people: how a worker is told what it is. */
export const AS_WORKER = "--as-worker";

/** Beyond what draining and open calls may take: for what waits to be written. */
const LATE_MS = 10_000;

/** What takes calls until it is stopped. */
export interface Serving {
  readonly url: string;
  stop(): Promise<void>;
}

/** The vault as several processes on one port; each is a replica by itself. This one only keeps them running. */
export async function serveByWorkers(cli: Cli, config: Config, logger: Logger): Promise<Serving> {
  const { workers: count, limits } = config;
  const dealer = await dealConnections(config);
  const fork = (): WorkerProcess => cli.processes.fork([...cli.argv, AS_WORKER]);
  const workers = await superviseWorkers({ count, fork, dealer, clock: cli.clock, logger });
  announceRunning(config, dealer.url);
  return {
    url: dealer.url,
    async stop() {
      await workers.stop(limits.drainMs + limits.shutdownMs + LATE_MS);
      forgetRunning(config);
    },
  };
}

/** One of those processes. A Ctrl-C and what stops a whole service reach it, too; it goes by what the primary says. */
export async function serveAsWorker(cli: Cli, config: Config): Promise<void> {
  cli.onSignal(() => undefined);
  const primary = cli.processes.linkToPrimary();
  const worker = await takePlace(primary);
  const { clock, random, newId } = cli;
  const logger = createLogger(config.logLevel, worker.number);
  const vault = await startLocalVault(config, { clock, random, newId, logger, worker }, { announce: false });
  worker.ready(vault.processName);
  await worker.stopped;
  await vault.stop();
  primary.leave();
}
