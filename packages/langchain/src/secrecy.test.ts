import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { gunzipSync } from "node:zlib";
import { parseApiKey } from "@alter-vault/protocol";
import { recordSpans } from "@alter-vault/sdk/record-spans.test-support";
import { slow } from "@alter-vault/testing";
import { LangChainTracer } from "@langchain/core/tracers/tracer_langchain";
import { Command } from "@langchain/langgraph";
import { expect, test, vi } from "vitest";
import { AGENTS } from "./agents.test-support.ts";
import { vaultTool } from "./index.ts";
import { note, noteSchema, postTool, startLiveBench } from "./live-tool.test-support.ts";

/* Everything a framework keeps, sends or prints is dumped and searched for what must not be there. */
const bench = startLiveBench();
const DUMP = { depth: null, showHidden: true, maxStringLength: null, maxArrayLength: null } as const;

test("no secret is in checkpoints, traces, spans, messages, metadata, artifacts, errors, logs, or what is printed", async () => {
  const printed: unknown[] = [];
  for (const level of ["log", "info", "warn", "error", "debug"] as const) {
    vi.spyOn(console, level).mockImplementation((...line) => void printed.push(line));
  }
  const logged: unknown[] = [];
  const langSmith = await startLangSmith();
  const tracer = new LangChainTracer();
  const spans = recordSpans();
  const slack = await bench.testVault.provider("slack", { answer: ({ headers }) => ({ echoed: headers }) });
  const ada = await bench.testVault.signIn("ada");
  await bench.testVault.connect("notes", ada);
  const vault = bench.testVault.sdk({ userTokenGetter: () => ada, logger: { warn: (line) => void logged.push(line) } });
  const posting = postTool(vault, "notes");
  const filing = vaultTool({
    vault: vault.with({ userToken: ada }),
    provider: "slack",
    name: "post_slack",
    description: "Posts a note, and keeps what the provider said beside it.",
    schema: noteSchema,
    metadata: { team: "a" },
    responseFormat: "content_and_artifact",
    request: (json) => ({ method: "POST", url: "https://api.slack.example/notes", json }),
    output: async (response) => [await response.text(), Object.fromEntries(response.headers)],
  });
  const tools = [posting, filing];
  const config = { configurable: { thread_id: "t1" }, callbacks: [tracer] };
  const kept: unknown[] = [
    tools,
    ...tools.map((tool) => [tool.lc_kwargs, tool.metadata, tool.schema, JSON.stringify(tool)]),
  ];
  const shown: unknown[] = [vault];

  for (const make of Object.values(AGENTS)) {
    const made = make(tools, [[note("c1"), note("c2", "slack")]]);
    const failed = await made.graph.invoke({}, { ...config, recursionLimit: 0 }).catch((error: unknown) => error);
    const paused = await made.graph.invoke(made.input, config).catch((error: unknown) => error);
    shown.push(failed, paused);
    kept.push(made.checkpointer.storage, made.checkpointer.writes);
  }
  await bench.testVault.connect("slack", ada);
  for (const make of Object.values(AGENTS)) {
    const made = make(tools, [[note("c3"), note("c4", "slack")]]);
    shown.push(
      await made.graph.invoke(made.input, config),
      await made.graph.invoke(new Command({ resume: true }), config).catch(String),
    );
    kept.push(made.checkpointer.storage, made.checkpointer.writes);
  }
  slack.revokeToken();
  shown.push(await filing.invoke({ text: "x" }, config).catch((error: unknown) => error));
  await (tracer.client as Partial<{ awaitPendingTraceBatches(): Promise<void> }>).awaitPendingTraceBatches?.();

  const key = parseApiKey(bench.testVault.apiKey);
  const token = String(bench.notes.calls[0]?.headers.authorization).replace("Bearer ", "");
  const otherToken = String(slack.calls[0]?.headers.authorization).replace("Bearer ", "");
  const finished = spans.finished();
  // What is searched has in it what is to be searched: otherwise the rest says nothing.
  expect([token, otherToken].every((one) => one.startsWith("fake-token-"))).toBe(true);
  expect(langSmith.sent()).toContain("post_slack");
  expect(finished.map(({ name }) => name)).toContain("execute_tool post_notes");
  expect(logged.join()).toContain("clock");
  expect(inspect(shown, DUMP)).toContain("artifact");
  const dumps = [kept, shown, printed, logged, finished].flatMap((value) => [inspect(value, DUMP), bytesAsText(value)]);
  dumps.push(langSmith.sent());
  expect(dumps.join().length).toBeGreaterThan(100_000);
  for (const secret of [ada, bench.testVault.apiKey, String(key?.secret), token, otherToken]) {
    for (const dump of dumps) expect(dump.includes(secret)).toBe(false);
  }
  vi.restoreAllMocks();
  spans.stop();
  await langSmith.stop();
});

/** Where traces go, for a tracer with its own client: all that arrives is kept. */
async function startLangSmith() {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      const isZipped = request.headers["content-encoding"] === "gzip";
      bodies.push(`${JSON.stringify(request.headers)}\n${(isZipped ? gunzipSync(body) : body).toString()}`);
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  vi.stubEnv("LANGSMITH_ENDPOINT", `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  vi.stubEnv("LANGSMITH_API_KEY", "fake-langsmith-key");
  return {
    sent: () => bodies.join("\n"),
    async stop() {
      vi.unstubAllEnvs();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

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

test("a tool whose time is over ends its call at the provider within 100 ms", { retry: 2 }, async () => {
  await bench.testVault.connect("notes");
  await bench.post().invoke({ ...note("warm"), type: "tool_call" });
  bench.notes.fail(slow());
  const startedAt = performance.now();
  const timeout = 200;
  const running = bench.post().invoke({ ...note(`late-${startedAt}`), type: "tool_call" }, { timeout });
  await expect(running).rejects.toThrow();
  await vi.waitFor(() => expect(bench.notes.calls.at(-1)?.endedAfterMs).not.toBeNull(), {
    timeout: 2_000,
    interval: 1,
  });
  expect(performance.now() - startedAt).toBeLessThan(timeout + 100);
});
