import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../clock.ts";
import type { Logger } from "../logger.ts";
import type { MetricFamily } from "../metrics.ts";
import type { Dealer } from "./deal-connections.ts";
import type { ToPrimary, WorkerProcess } from "./worker-messages.ts";

/**
 * Keeps as many workers running as there should be. One that ends is started again, after a pause that grows while it
 * keeps ending, and the new one is told what the old one was called: this process has seen it end, so nothing that it held
 * in the database has to be waited for. It holds no secret and answers no call; workers it trusts, as they are this very program.
 */
export interface Workers {
  /** Every worker drains and ends by itself, or is ended when that takes longer than `mostMs`. */
  stop(mostMs: number): Promise<void>;
}

interface SuperviseDeps {
  readonly count: number;
  readonly fork: () => WorkerProcess;
  readonly dealer: Dealer;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A worker could not be started for the first time. It has said why. */
export class WorkerDidNotStart extends Error {
  override readonly name = "WorkerDidNotStart";
  readonly exitCode: number;
  constructor(exitCode: number) {
    super("a worker did not start");
    this.exitCode = exitCode;
  }
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
/** One that ran for so long did not end because of how it was started. */
const STEADY_MS = 60_000;
const METRICS_WAIT_MS = 1_000;

interface Slot {
  readonly number: number;
  process: WorkerProcess | null;
  ready: boolean;
  processName: string | null;
}

/** Resolves when all of them take calls. Throws {@link WorkerDidNotStart}. */
export async function superviseWorkers({ count, fork, dealer, clock, logger }: SuperviseDeps): Promise<Workers> {
  const slots = Array.from({ length: count }, (_, at): Slot => {
    return { number: at + 1, process: null, ready: false, processName: null };
  });
  const ended = new Set<string>();
  const metrics = gatherMetrics(slots);
  const stopping = new AbortController();

  /** Runs a worker until it ends. */
  function run(slot: Slot, onReady: () => void): Promise<number | null> {
    const worker = fork();
    slot.process = worker;
    const told = [...ended];
    worker.onMessage((message) => {
      switch (message.type) {
        case "hello":
          return stopping.signal.aborted
            ? worker.kill()
            : worker.send({ type: "start", worker: slot.number, url: dealer.url, ended: told });
        case "ready":
          for (const one of told) ended.delete(one);
          slot.processName = message.processName;
          slot.ready = true;
          dealer.add(worker);
          return onReady();
        case "taken":
          return dealer.taken(worker, message.id);
        case "closing":
          return dealer.remove(worker, false);
        case "ask_metrics":
        case "metrics":
          return metrics.hear(worker, message);
      }
    });
    return new Promise((resolve) => {
      worker.onExit((code) => {
        dealer.remove(worker, true);
        if (slot.processName !== null) ended.add(slot.processName);
        Object.assign(slot, { process: null, ready: false, processName: null });
        resolve(code);
      });
    });
  }

  async function keepRunning(slot: Slot, first: Promise<unknown>): Promise<void> {
    let startedMs = clock.monotonic();
    let pauseMs = FIRST_PAUSE_MS;
    for (let running = first; ;) {
      await running;
      if (stopping.signal.aborted) return;
      if (clock.monotonic() - startedMs > STEADY_MS) pauseMs = FIRST_PAUSE_MS;
      logger.error("worker ended", { worker: slot.number, durationMs: Math.round(clock.monotonic() - startedMs) });
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      startedMs = clock.monotonic();
      running = run(slot, () => logger.info("worker started again", { worker: slot.number }));
    }
  }

  function start(slot: Slot): Promise<void> {
    return new Promise((resolve, reject) => {
      let isReady = false;
      const running = run(slot, () => {
        isReady = true;
        resolve();
      });
      void running.then((code) => {
        if (isReady || stopping.signal.aborted) return;
        stopping.abort();
        reject(new WorkerDidNotStart(code ?? 1));
      });
      kept.push(keepRunning(slot, running));
    });
  }

  const kept: Promise<void>[] = [];
  const endAll = (): void => slots.forEach((slot) => slot.process?.kill());
  try {
    const [one, ...others] = slots;
    if (!one) throw new RangeError("there is no vault without a worker");
    // What is wrong is said once, and the schema is brought up to date by one.
    await start(one);
    await Promise.all(others.map(start));
    return {
      async stop(mostMs) {
        stopping.abort();
        for (const slot of slots) slot.process?.send({ type: "stop" });
        const late = setTimeout(endAll, mostMs);
        await Promise.all(kept);
        clearTimeout(late);
        dealer.close();
      },
    };
  } catch (error) {
    stopping.abort();
    endAll();
    await Promise.all(kept);
    dealer.close();
    throw error;
  }
}

interface Gathering {
  readonly asker: WorkerProcess;
  readonly askedAs: number;
  readonly families: MetricFamily[];
  waiting: number;
  readonly late: NodeJS.Timeout;
}

/** A worker that is asked for the metrics asks here for those of all. One that does not answer is left out. */
function gatherMetrics(slots: readonly Slot[]): {
  hear(worker: WorkerProcess, message: Extract<ToPrimary, { type: "ask_metrics" | "metrics" }>): void;
} {
  const open = new Map<number, Gathering>();
  let lastId = 0;

  function finish(id: number): void {
    const gathering = open.get(id);
    if (!gathering) return;
    open.delete(id);
    clearTimeout(gathering.late);
    gathering.asker.send({ type: "metrics_of_all", id: gathering.askedAs, families: gathering.families });
  }

  return {
    hear(worker, message) {
      if (message.type === "metrics") {
        const gathering = open.get(message.id);
        if (!gathering) return;
        gathering.families.push(...message.families);
        if (--gathering.waiting === 0) finish(message.id);
        return;
      }
      const id = ++lastId;
      const asked = slots.filter(({ ready }) => ready);
      const late = setTimeout(() => finish(id), METRICS_WAIT_MS);
      open.set(id, { asker: worker, askedAs: message.id, families: [], waiting: asked.length, late });
      for (const slot of asked) slot.process?.send({ type: "read_metrics", id });
    },
  };
}
