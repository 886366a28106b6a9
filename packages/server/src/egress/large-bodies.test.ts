import { Readable } from "node:stream";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import type { EgressSink } from "./egress.ts";
import { request, send, startProvider, testEgress, type Provider } from "./test-support.ts";

const CHUNK = Buffer.alloc(64 * 1024, "some text of no importance, ");
const COUNT = 4096;
const SIZE = CHUNK.length * COUNT;
const MAX_GROWTH = 96 * 1024 * 1024;

/** Watches the memory while something runs; answers by how much it grew at most. */
async function growthDuring(run: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage().rss;
  let peak = before;
  const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 5);
  await run();
  clearInterval(timer);
  return peak - before;
}

function chunks(): Readable {
  let left = COUNT;
  return new Readable({
    read() {
      this.push(left-- > 0 ? CHUNK : null);
    },
  });
}

describe("256 MB", () => {
  const egress = testEgress();
  let provider: Provider;
  afterEach(() => provider.close());
  afterAll(() => egress.close());

  test("down, to a sink that takes its time", { timeout: 60_000 }, async () => {
    provider = await startProvider((_incoming, response) => void chunks().pipe(response));
    let resume = (): void => undefined;
    const sink: EgressSink = {
      onHeaders: (_status, _headers, wake) => void (resume = wake),
      onData() {
        setImmediate(() => resume());
        return false;
      },
    };
    const growth = await growthDuring(async () => {
      const outcome = await egress.send(request(provider.url), sink, new AbortController().signal);
      expect(outcome).toMatchObject({ ok: true, responseBytes: SIZE, scrubbed: 0 });
    });
    expect(growth).toBeLessThan(MAX_GROWTH);
  });

  test("up, to a provider that takes its time", { timeout: 60_000 }, async () => {
    provider = await startProvider((incoming, response) => {
      let bytes = 0;
      incoming.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        incoming.pause();
        setImmediate(() => incoming.resume());
      });
      incoming.on("end", () => response.end(String(bytes)));
    });
    const growth = await growthDuring(async () => {
      const { text, outcome } = await send(egress, provider.url, {
        method: "PUT",
        body: chunks(),
        contentLength: SIZE,
      });
      expect(text).toBe(String(SIZE));
      expect(outcome).toMatchObject({ ok: true, requestBytes: SIZE });
    });
    expect(growth).toBeLessThan(MAX_GROWTH);
  });
});
