import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { context as otelContext, trace } from "@opentelemetry/api";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { makeProblem } from "@alter-vault/protocol";
import { afterEach, describe, expect, test } from "vitest";
import { readToolAnswer, runTool, sendToolRequest, type ToolRequest, type ToolScope } from "./adapter.ts";
import { resolveIds } from "./adapter-ids.ts";
import { AlterVault } from "./alter-vault.ts";
import { currentContext, withContext } from "./context.ts";
import { FAKE_API_KEY, sendProblem, sendProvider } from "./fake-vault.test-support.ts";
import { useFakeVault } from "./use-fake-vault.test-support.ts";

const fake = useFakeVault();
const scopeOf = (more: Partial<ToolScope> = {}): ToolScope => ({
  framework: "test",
  tool: "t",
  ids: resolveIds({ explicit: { runId: "r", threadId: "th", toolCallId: "tc" } }),
  ...more,
});
const url = "https://api.example/x";

describe("a tool call", () => {
  test("has a vault whose calls carry its ids, and so does everything below it", async () => {
    const scope = scopeOf({ context: { step: 2, node: undefined, odd: { a: 1 }, parent_run_id: "p" } });
    await runTool(fake.vault.with({ provider: "github" }), scope, async ({ vault, ids }) => {
      expect(ids).toMatchObject({ runId: "r", threadId: "th", toolCallId: "tc" });
      await vault.request("GET", url);
      await fake.vault.request("GET", url, { provider: "other" });
    });
    const context = { run_id: "r", thread_id: "th", tool_call_id: "tc", tool: "t", step: "2", parent_run_id: "p" };
    expect(fake.server.seen.map(({ envelope }) => envelope.context)).toEqual([context, context]);
    expect(fake.server.seen[0]?.envelope.caller.framework).toBe("test");
    expect(currentContext()).toEqual({});
  });

  test("a tool call inside of another one says which", async () => {
    await runTool(fake.vault, scopeOf(), () => {
      const ids = resolveIds({ framework: { runId: "inner-run", toolCallId: "inner" } });
      expect(ids).toEqual({ runId: "r", threadId: "th", toolCallId: "inner", parentToolCallId: "tc" });
      return runTool(fake.vault, scopeOf({ ids }), async ({ vault }) => {
        expect(resolveIds({})).toMatchObject({ toolCallId: "inner", parentToolCallId: "tc" });
        await vault.request("GET", url, { provider: "github" });
      });
    });
    expect(fake.server.seen[0]?.envelope.context).toMatchObject({ tool_call_id: "inner", parent_tool_call_id: "tc" });
  });

  test("counts the calls that change something, of the view and of what is below, together", async () => {
    const run = (): Promise<unknown> =>
      runTool(fake.vault.with({ provider: "github" }), scopeOf(), async ({ vault }) => {
        await vault.request("POST", url);
        await vault.request("GET", url);
        await fake.vault.fetch({ provider: "github" })(url, { method: "PUT" });
        await vault.with({ context: { a: "b" } }).request("DELETE", url);
      });
    await run();
    await run();
    await fake.vault.request("POST", url, { provider: "github", threadId: "th", toolCallId: "tc" });
    const counts = ["0", undefined, "1", "2"];
    expect(fake.server.seen.map(({ headers }) => headers["alter-call"])).toEqual([...counts, ...counts, undefined]);
  });

  test("without a thread nothing is counted", async () => {
    const ids = resolveIds({ explicit: { toolCallId: "tc" } });
    await runTool(fake.vault, scopeOf({ ids }), ({ vault }) => vault.request("POST", url, { provider: "github" }));
    expect(fake.server.seen[0]?.headers).not.toHaveProperty("alter-call");
  });
});

describe("ids", () => {
  const explicit = { runId: "e", threadId: "e", toolCallId: "e" };
  const framework = { runId: "f", threadId: "f", toolCallId: "f" };
  const automatic = { runId: "a", threadId: "a" };

  test("are the first there is", () => {
    expect(resolveIds({ explicit, framework, automatic })).toMatchObject(explicit);
    expect(resolveIds({ framework, automatic })).toMatchObject(framework);
    expect(resolveIds({ automatic })).toMatchObject(automatic);
    expect(resolveIds({})).toEqual({
      runId: undefined,
      threadId: undefined,
      toolCallId: undefined,
      parentToolCallId: undefined,
    });
    withContext({ runId: "s", threadId: "s", toolCallId: "s" }, () => {
      expect(resolveIds({ explicit, framework })).toMatchObject(explicit);
      expect(resolveIds({ framework })).toMatchObject({ runId: "s", threadId: "s", toolCallId: "f" });
    });
  });

  test("what is no text is none, and what is too long is cut", () => {
    const odd = { runId: "x".repeat(600), threadId: 7, toolCallId: null };
    expect(resolveIds({ explicit: odd })).toMatchObject({
      runId: "x".repeat(512),
      threadId: "7",
      toolCallId: undefined,
    });
    expect(resolveIds({ explicit: { runId: Symbol("x"), threadId: "" }, framework })).toMatchObject(framework);
  });
});

describe("traces", () => {
  const spans = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
  const start = (): void => {
    trace.setGlobalTracerProvider(provider);
    otelContext.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  };
  afterEach(() => {
    trace.disable();
    otelContext.disable();
    spans.reset();
  });

  test("a tool call is a span by the conventions, of which the vault is told and the provider is not", async () => {
    start();
    await runTool(fake.vault, scopeOf(), ({ vault }) =>
      vault.request("POST", url, { provider: "github", json: { secret: "fake-argument" } }),
    );
    const [span] = spans.getFinishedSpans();
    expect(span).toMatchObject({
      name: "execute_tool t",
      attributes: {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "t",
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": "tc",
        "gen_ai.conversation.id": "th",
        "alter_vault.run.id": "r",
      },
    });
    const { traceId, spanId } = span?.spanContext() ?? {};
    const { envelope } = fake.server.seen[0] ?? {};
    expect(envelope?.context).toMatchObject({ traceparent: `00-${traceId}-${spanId}-01` });
    expect(JSON.stringify(envelope?.headers)).not.toContain("traceparent");
    expect(JSON.stringify(span?.attributes)).not.toContain("fake-argument");
  });

  test("a failure is said by its code", async () => {
    start();
    fake.server.answer((_, response) => sendProblem(response, makeProblem("policy_denied", "no")));
    await expect(
      runTool(fake.vault, scopeOf(), ({ vault }) => vault.request("GET", url, { provider: "github" })),
    ).rejects.toThrow("no");
    fake.server.answer((_, response) => sendProvider(response, 200, {}, ""));
    expect(spans.getFinishedSpans()[0]).toMatchObject({
      attributes: { "error.type": "policy_denied" },
      status: { code: 2 },
    });
  });

  test("a framework that has a span for the tool call already gets no second one", async () => {
    start();
    await trace.getTracer("framework").startActiveSpan("execute_tool t", async (span) => {
      await runTool(fake.vault, scopeOf(), ({ vault }) => vault.request("GET", url, { provider: "github" }));
      span.end();
    });
    expect(spans.getFinishedSpans()).toHaveLength(1);
    expect(fake.server.seen[0]?.envelope.context["traceparent"]).toContain(
      spans.getFinishedSpans()[0]?.spanContext().spanId,
    );
  });

  test("where nobody traces, a traceparent of the enclosing scope stays", async () => {
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    await withContext({ context: { traceparent } }, () =>
      runTool(fake.vault, scopeOf(), ({ vault }) => vault.request("GET", url, { provider: "github" })),
    );
    expect(fake.server.seen[0]?.envelope.context).toMatchObject({ traceparent });
  });
});

describe("readToolAnswer", () => {
  const typed = (type: string): ResponseInit => ({ headers: { "content-type": type } });
  test.each([
    [new Response('{"a":1}', typed("application/json")), { a: 1 }],
    [new Response('{"a":1}', typed("application/problem+json; charset=utf-8")), { a: 1 }],
    [new Response("{oops", typed("application/json")), "{oops"],
    [new Response('{"a":1}', typed("text/plain; note=x/json")), '{"a":1}'],
    [new Response('{"a":1}', typed("application/jsonlines")), '{"a":1}'],
    [new Response("hello", typed("text/plain")), "hello"],
    [new Response(null, { status: 204 }), null],
    [new Response("", typed("application/json")), null],
  ])("%#", async (response, value) => {
    expect(await readToolAnswer(response)).toEqual(value);
  });
});

test("a model cannot choose the credential, or anything else that is not the tool's to say", async () => {
  const vault = new AlterVault({ apiKey: FAKE_API_KEY, baseUrl: "http://127.0.0.1:9" }).with({ provider: "github" });
  for (const name of ["grantId", "provider", "account", "mode", "runId", "signal", "timeout"]) {
    const request = { method: "GET", url: "https://api.example", [name]: "fake" } as ToolRequest;
    await expect(sendToolRequest(vault, request)).rejects.toThrow(`There is no option "${name}"`);
  }
});
