import { connect, type Socket } from "node:net";
import { percentile } from "../statistics.ts";
import { createResponseReader, type Answer } from "./response-reader.ts";

/**
 * A closed loop: each connection sends its next call when the answer to the one before is there. It says how fast answers
 * come when there is always somebody waiting; it says nothing about what happens when calls come on their own.
 */
export interface Timing {
  /** Not counted: connections to the upstream are made, and queues fill. */
  readonly leadMs: number;
  readonly ms: number;
}

export interface LoadResult {
  /** Answers with 2xx in the counted time. */
  readonly answers: number;
  /** All answers, those of the lead included. */
  readonly allAnswers: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failures: number;
  readonly firstFailure: string | null;
}

const LOOK_EVERY_MS = 500;
/** So many looks without an answer on any connection end the window. */
const PATIENCE_LOOKS = 10;

export function openSockets(port: number, count: number): Promise<Socket[]> {
  const one = (): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: "127.0.0.1", port, noDelay: true });
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(socket);
      });
    });
  return Promise.all(Array.from({ length: count }, one));
}

export function runClosedLoop(
  sockets: readonly Socket[],
  nextCall: () => string,
  { leadMs, ms }: Timing,
): Promise<LoadResult> {
  const latencies = createSamples();
  const from = performance.now() + leadMs;
  const until = from + ms;
  let allAnswers = 0;
  let failures = 0;
  let firstFailure: string | null = null;
  let active = sockets.length;

  return new Promise((resolve) => {
    // Counted in looks, not in time: a machine that stood still for a while has not kept anybody waiting.
    let silentLooks = 0;
    let answersThen = 0;
    const patience = setInterval(() => {
      silentLooks = allAnswers > answersThen ? 0 : silentLooks + 1;
      answersThen = allAnswers;
      if (silentLooks < PATIENCE_LOOKS) return;
      fail(`${active} calls got no answer`);
      finish();
    }, LOOK_EVERY_MS);

    function finish(): void {
      clearInterval(patience);
      const sorted = latencies.sorted();
      const [p50Ms, p99Ms] = [percentile(sorted, 0.5), percentile(sorted, 0.99)];
      resolve({ answers: sorted.length, allAnswers, seconds: ms / 1000, p50Ms, p99Ms, failures, firstFailure });
    }
    function fail(detail: string): void {
      failures++;
      firstFailure ??= detail;
    }
    function retire(): void {
      if (--active === 0) finish();
    }

    for (const socket of sockets) {
      let sentAt = 0;
      const send = (): void => {
        sentAt = performance.now();
        socket.write(nextCall(), "latin1");
      };
      const onAnswer = ({ status, text }: Answer): void => {
        const now = performance.now();
        allAnswers++;
        if (status < 200 || status > 299) fail(`status ${status}: ${text().slice(0, 300)}`);
        else if (now >= from && now <= until) latencies.add(now - sentAt);
        if (now < until) send();
        else leave();
      };
      const onBroken = (detail: string): void => {
        fail(detail);
        leave();
      };
      const onData = createResponseReader(onAnswer, onBroken);
      const onError = (error: Error): void => onBroken(error.message);
      const onClose = (): void => onBroken("the connection was closed");
      const leave = (): void => {
        socket.off("data", onData);
        socket.off("error", onError);
        socket.off("close", onClose);
        socket.on("error", () => socket.destroy());
        retire();
      };
      socket.on("data", onData);
      socket.on("error", onError);
      socket.on("close", onClose);
      send();
    }
  });
}

interface Samples {
  add(value: number): void;
  sorted(): Float64Array;
}

function createSamples(): Samples {
  let values = new Float64Array(1 << 16);
  let count = 0;
  return {
    add(value) {
      if (count === values.length) {
        const larger = new Float64Array(values.length * 2);
        larger.set(values);
        values = larger;
      }
      values[count++] = value;
    },
    sorted: () => values.slice(0, count).sort(),
  };
}
