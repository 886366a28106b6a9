import { inspect } from "node:util";
import { parseApiKey } from "@alter-vault/protocol";
import { LangChainTracer } from "@langchain/core/tracers/tracer_langchain";
import { Command } from "@langchain/langgraph";
import { expect, test, vi } from "vitest";
import { AGENTS } from "./agents.test-support.ts";
import { note, startLiveBench } from "./live-tool.test-support.ts";

/* Everything a framework keeps, sends or prints is dumped and searched for what must not be there. */
const bench = startLiveBench();
const DUMP = { depth: null, showHidden: true, maxStringLength: null, maxArrayLength: null } as const;

test("no secret is in checkpoints, traces, messages, metadata, artifacts, errors, or what is printed", async () => {
  const printed: unknown[] = [];
  for (const level of ["log", "info", "warn", "error", "debug"] as const) {
    vi.spyOn(console, level).mockImplementation((...line) => void printed.push(line));
  }
  const traced: unknown[] = [];
  const keep = async (...run: unknown[]): Promise<void> => void traced.push(run);
  const tracer = new LangChainTracer({ client: { createRun: keep, updateRun: keep } as never });
  const slack = await bench.testVault.provider("slack", { answer: ({ headers }) => ({ echoed: headers }) });
  await bench.testVault.connect("notes");
  const posting = bench.post();
  const tools = [posting, bench.post("slack")];
  const config = { configurable: { thread_id: "t1" }, callbacks: [tracer] };
  const kept: unknown[] = [tools, posting.lc_kwargs, posting.metadata];
  const shown: unknown[] = [];

  for (const make of Object.values(AGENTS)) {
    const made = make(tools, [[note("c1"), note("c2", "slack")]]);
    const failed = await made.graph.invoke({}, { ...config, recursionLimit: 0 }).catch((error: unknown) => error);
    const paused = await made.graph.invoke(made.input, config).catch((error: unknown) => error);
    shown.push(failed, paused);
    kept.push(made.checkpointer.storage, made.checkpointer.writes);
  }
  await bench.testVault.connect("slack");
  for (const make of Object.values(AGENTS)) {
    const made = make(tools, [[note("c3"), note("c4", "slack")]]);
    shown.push(
      await made.graph.invoke(made.input, config),
      await made.graph.invoke(new Command({ resume: true }), config).catch(String),
    );
    kept.push(made.checkpointer.storage, made.checkpointer.writes);
  }
  slack.revokeToken();
  shown.push(await tools[1]?.invoke({ text: "x" }).catch((error: unknown) => error));

  const key = parseApiKey(bench.testVault.apiKey);
  const token = String(bench.notes.calls[0]?.headers.authorization).replace("Bearer ", "");
  const otherToken = String(slack.calls[0]?.headers.authorization).replace("Bearer ", "");
  expect(traced.length).toBeGreaterThan(20);
  expect(token).toMatch(/^fake-token-/);
  expect(otherToken).toMatch(/^fake-token-/);
  const dumps = [traced, kept, shown, printed].flatMap((value) => [inspect(value, DUMP), bytesAsText(value)]);
  expect(dumps.join().length).toBeGreaterThan(100_000);
  for (const secret of [bench.testVault.apiKey, String(key?.secret), token, otherToken]) {
    for (const dump of dumps) expect(dump.includes(secret)).toBe(false);
  }
  vi.restoreAllMocks();
});

/** Checkpoints are bytes. */
function bytesAsText(value: unknown, seen = new Set<object>()): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (typeof value !== "object" || value === null || seen.has(value)) return typeof value === "string" ? value : "";
  seen.add(value);
  return Object.values(value)
    .map((part) => bytesAsText(part, seen))
    .join("\n");
}

// Once more where the machine was busy with something else.
test("an aborted run ends the call at the provider within 100 ms", { retry: 2 }, async () => {
  await bench.testVault.connect("notes");
  for (const [kind, make] of Object.entries(AGENTS)) {
    const { slow } = await import("@alter-vault/testing");
    bench.notes.fail(slow());
    const before = bench.notes.calls.length;
    const controller = new AbortController();
    const made = make([bench.post()], [[note(`abort-${before}`)]]);
    const running = made.graph.invoke(made.input, { configurable: { thread_id: kind }, signal: controller.signal });
    running.catch(() => undefined);
    await vi.waitFor(() => expect(bench.notes.calls).toHaveLength(before + 1), { timeout: 5_000, interval: 2 });
    const abortedAt = performance.now();
    controller.abort();
    await expect(running, kind).rejects.toThrow();
    await vi.waitFor(() => expect(bench.notes.calls.at(-1)?.endedAfterMs).not.toBeNull(), {
      timeout: 2_000,
      interval: 1,
    });
    expect(performance.now() - abortedAt, kind).toBeLessThan(100);
  }
});
