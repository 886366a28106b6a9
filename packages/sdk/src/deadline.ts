import { AlterSDKError } from "./alter-sdk-error.ts";
import { NetworkError, TimeoutError } from "./errors.ts";
import { sleep } from "./sleep.ts";

/** One limit of time for everything one call does, and the caller's own wish to stop. */
export interface Deadline {
  /** Aborts when time is up or the caller stops. After `stop()` only the caller does. */
  readonly signal: AbortSignal;
  /** Waits. False when time was up before; rejects when the caller stops. */
  sleep(ms: number): Promise<boolean>;
  /** The answer is there: time no longer matters. */
  stop(): void;
  /**
   * Runs an exchange with `peer` over the network. When it fails, rejects with the caller's own reason if the caller
   * stopped it, and otherwise with TimeoutError or NetworkError.
   */
  reach<Result>(peer: string, exchange: () => Promise<Result>): Promise<Result>;
  /** The same for code of the program's own, which does not know of the limit and may never end. */
  waitFor<Result>(what: string, work: () => Promise<Result>): Promise<Result>;
}

export function startDeadline(timeoutMs: number, callerSignal: AbortSignal | undefined): Deadline {
  const timeUp = new AbortController();
  const timer = setTimeout(() => timeUp.abort(), timeoutMs);
  const signal = callerSignal === undefined ? timeUp.signal : AbortSignal.any([callerSignal, timeUp.signal]);
  const deadline: Deadline = {
    signal,
    sleep: async (ms) => {
      await sleep(ms, signal);
      if (callerSignal?.aborted === true) throw callerSignal.reason;
      return !timeUp.signal.aborted;
    },
    stop: () => clearTimeout(timer),
    async reach(peer, exchange) {
      try {
        return await exchange();
      } catch (error) {
        if (callerSignal?.aborted === true) throw callerSignal.reason;
        if (timeUp.signal.aborted) throw new TimeoutError(`No answer from ${peer} within ${timeoutMs} ms.`);
        throw ownError(error) ?? new NetworkError(`Cannot reach ${peer} (${failureCode(error)}).`);
      }
    },
    waitFor: (what, work) => deadline.reach(what, () => untilAborted(work(), signal)),
  };
  return deadline;
}

function untilAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

const MAX_CAUSES = 5;

/** An error of this SDK among the causes, such as that of a body that gave something that is not bytes. */
function ownError(error: unknown): AlterSDKError | undefined {
  return causesOf(error).find((cause) => cause instanceof AlterSDKError);
}

/**
 * The code of the innermost cause, such as ECONNREFUSED. Only the code: messages and causes of a failed fetch may quote
 * what was being sent.
 */
function failureCode(error: unknown): string {
  const codes = causesOf(error).map((cause): unknown => Reflect.get(cause, "code"));
  return codes.findLast((code) => typeof code === "string") ?? "connection failed";
}

function causesOf(error: unknown): Error[] {
  const causes: Error[] = [];
  for (let current = error; current instanceof Error && causes.length < MAX_CAUSES; current = current.cause) {
    causes.push(current);
  }
  return causes;
}
