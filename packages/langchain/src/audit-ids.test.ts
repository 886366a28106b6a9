import type { AuditEntry } from "@alter-vault/protocol";
import { withContext } from "@alter-vault/sdk";
import { tool, type StructuredToolInterface } from "@langchain/core/tools";
import { LangChainTracer } from "@langchain/core/tracers/tracer_langchain";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { AGENTS, agentAsTool } from "./agents.test-support.ts";
import { bindVault } from "./index.ts";
import { note, startLiveBench, UUID } from "./live-tool.test-support.ts";

/* What the audit log of a real vault says of calls from every place a tool can be called from. */
const bench = startLiveBench();
const tools = (): StructuredToolInterface[] => [bench.post()];
const sorted = (values: readonly (string | undefined)[]): (string | undefined)[] =>
  values.toSorted((one, other) => String(one).localeCompare(String(other)));

describe.each(Object.entries(AGENTS))("%s", (_, make) => {
  test("with no id given: one run id for the run, another one for the next, thread and tool call", async () => {
    await bench.testVault.connect("notes");
    for (const thread_id of ["t1", "t2"]) {
      const { graph, input } = make(tools(), [[note("c1"), note("c2")]]);
      await graph.invoke(input, { configurable: { thread_id } });
    }
    const contexts = await bench.contexts();
    const [first, second] = [contexts.slice(0, 2), contexts.slice(2)];
    for (const [calls, thread_id] of [
      [first, "t1"],
      [second, "t2"],
    ] as const) {
      expect(sorted(calls.map((call) => call["tool_call_id"]))).toEqual(["c1", "c2"]);
      for (const call of calls) {
        expect(call).toMatchObject({ run_id: expect.stringMatching(UUID), thread_id, tool: "post_notes" });
        expect(call["run_id"]).toBe(calls[0]?.["run_id"]);
        expect(call["checkpoint_ns"]).toMatch(/:/);
      }
    }
    expect(second[0]?.["run_id"]).not.toBe(first[0]?.["run_id"]);
    expect((await bench.testVault.calls()).every(({ caller }) => caller?.framework === "langgraph")).toBe(true);
  });

  test("with ids given", async () => {
    await bench.testVault.connect("notes");
    const { graph, input } = make(tools(), [[note("c1")]]);
    await graph.invoke(input, { configurable: { thread_id: "t1", vault_run_id: "mine" } });
    expect(await bench.contexts()).toMatchObject([{ run_id: "mine", thread_id: "t1", tool_call_id: "c1" }]);
  });
});

describe("an agent that is run by a tool", () => {
  test("with no id given, its calls have run and thread of the agent around it", async () => {
    await bench.testVault.connect("notes");
    const { graph, input } = agentAsTool(tools(), [[note("inner")]]);
    await graph.invoke(input, { configurable: { thread_id: "t1" } });
    const direct = AGENTS["createAgent"]?.(tools(), [[note("other")]]);
    await direct?.graph.invoke(direct.input, { configurable: { thread_id: "t1" } });
    const [inner, other] = await bench.contexts();
    expect(inner).toMatchObject({ run_id: expect.stringMatching(UUID), thread_id: "t1", tool_call_id: "inner" });
    expect(inner?.["checkpoint_ns"]).toMatch(/^tools:.*\|tools:/);
    expect(other?.["run_id"]).not.toBe(inner?.["run_id"]);
  });

  test("beside a tool of the agent around it: one run", async () => {
    await bench.testVault.connect("notes");
    const { AIMessage } = await import("@langchain/core/messages");
    const { fakeModel } = await import("@langchain/core/testing");
    const { createAgent } = await import("langchain");
    const inner = createAgent({
      model: fakeModel()
        .respondWithTools([note("inner")])
        .respond(new AIMessage("d")),
      tools: tools(),
    });
    const ask = tool(async () => (await inner.invoke({ messages: [{ role: "user", content: "x" }] })).messages.length, {
      name: "ask",
      description: "d",
      schema: z.object({}),
    });
    const model = fakeModel()
      .respondWithTools([{ name: "ask", args: {}, id: "outer" }, note("beside")])
      .respond(new AIMessage("d"));
    const agent = createAgent({ model, tools: [ask, ...tools()] });
    await agent.invoke({ messages: [{ role: "user", content: "x" }] }, { configurable: { thread_id: "t1" } });
    const contexts = await bench.contexts();
    expect(sorted(contexts.map((call) => call["tool_call_id"]))).toEqual(["beside", "inner"]);
    expect(contexts[0]?.["run_id"]).toBe(contexts[1]?.["run_id"]);
  });

  test("with a bound tool, they say of which tool call they are", async () => {
    await bench.testVault.connect("notes");
    const bound = bindVault(
      tool(async () => (await bench.post().invoke({ ...note("inner"), type: "tool_call" })) as unknown as string, {
        name: "ask",
        description: "d",
        schema: z.object({}),
      }),
      { vault: bench.vault },
    );
    const made = AGENTS["createAgent"]?.([bound], [[{ name: "ask", args: {}, id: "outer" }]]);
    await made?.graph.invoke(made.input, { configurable: { thread_id: "t1" } });
    expect(await bench.contexts()).toMatchObject([
      { thread_id: "t1", tool_call_id: "inner", parent_tool_call_id: "outer", tool: "post_notes" },
    ]);
  });

  test("with ids given", async () => {
    await bench.testVault.connect("notes");
    const { graph, input } = agentAsTool(tools(), [[note("inner")]]);
    await graph.invoke(input, { configurable: { thread_id: "t1", vault_run_id: "mine" } });
    expect(await bench.contexts()).toMatchObject([{ run_id: "mine", thread_id: "t1", tool_call_id: "inner" }]);
  });
});

/* A tracer of any kind, and callbacks, change what a tool is handed: then it has a run of its own, below that of its node. */
describe.each(Object.entries({ ...AGENTS, "an agent that is run by a tool": agentAsTool }))("traced: %s", (_, make) => {
  const seen: string[] = [];
  const watching = { handleChainStart: (_chain: unknown, _inputs: unknown, id: string) => void seen.push(id) };
  const tracer = (): LangChainTracer =>
    new LangChainTracer({ client: { createRun: async () => {}, updateRun: async () => {} } as never });
  const called = async (config: object): Promise<AuditEntry["context"][]> => {
    await bench.testVault.connect("notes");
    const { graph, input } = make(tools(), [[note("c1"), note("c2")]]);
    await graph.invoke(input, config);
    return bench.contexts();
  };

  test("with no id given: the run of the trace, and the run of the node as its parent", async () => {
    seen.length = 0;
    const contexts = await called({ configurable: { thread_id: "t1" }, callbacks: [tracer(), watching] });
    expect(sorted(contexts.map((call) => call["tool_call_id"]))).toEqual(["c1", "c2"]);
    for (const call of contexts) {
      expect(call).toMatchObject({ run_id: seen[0], thread_id: "t1" });
      expect(seen.slice(1)).toContain(call["parent_run_id"]);
    }
  });

  test("with callbacks that are no tracer: one run id all the same", async () => {
    const contexts = await called({ configurable: { thread_id: "t1" }, callbacks: [watching] });
    expect(contexts).toHaveLength(2);
    expect(new Set(contexts.map((call) => call["run_id"])).size).toBe(1);
    expect(contexts[0]).toMatchObject({ run_id: expect.stringMatching(UUID), thread_id: "t1" });
  });

  test("with ids given", async () => {
    const configurable = { thread_id: "t1", vault_run_id: "mine" };
    const contexts = await called({ configurable, callbacks: [tracer()], runId: crypto.randomUUID() });
    expect(contexts).toHaveLength(2);
    for (const call of contexts) expect(call).toMatchObject({ run_id: "mine", thread_id: "t1" });
  });
});

describe("invoked directly", () => {
  test("with arguments", async () => {
    await bench.testVault.connect("notes");
    await bench.post().invoke({ text: "x" });
    const [context] = await bench.contexts();
    expect(context).toEqual({ run_id: expect.stringMatching(UUID), tool: "post_notes" });
  });

  test("with arguments, and ids given", async () => {
    await bench.testVault.connect("notes");
    await bench.post().invoke({ text: "x" }, { configurable: { thread_id: "t1", vault_run_id: "mine" } });
    await withContext({ toolCallId: "c1" }, () => bench.post().invoke({ text: "x" }));
    expect(await bench.contexts()).toMatchObject([
      { run_id: "mine", thread_id: "t1" },
      { run_id: expect.stringMatching(UUID), tool_call_id: "c1" },
    ]);
  });

  test("with a tool call alone", async () => {
    await bench.testVault.connect("notes");
    await bench.post().invoke({ ...note("c1"), type: "tool_call" });
    expect(await bench.contexts()).toEqual([
      { run_id: expect.stringMatching(UUID), tool_call_id: "c1", tool: "post_notes" },
    ]);
  });

  test("with a tool call, and ids given", async () => {
    await bench.testVault.connect("notes");
    const configurable = { thread_id: "t1", vault_run_id: "mine" };
    await bench.post().invoke({ ...note("c1"), type: "tool_call" }, { configurable });
    expect(await bench.contexts()).toMatchObject([{ run_id: "mine", thread_id: "t1", tool_call_id: "c1" }]);
  });

  test("with a tool call, in a thread", async () => {
    await bench.testVault.connect("notes");
    await bench.post().invoke({ ...note("c1"), type: "tool_call" }, { configurable: { thread_id: "t1" } });
    expect(await bench.contexts()).toMatchObject([{ tool_call_id: "c1", thread_id: "t1" }]);
    expect((await bench.testVault.calls())[0]?.caller?.framework).toBe("langchain");
  });

  test("in the scope of a request", async () => {
    await bench.testVault.connect("notes");
    await withContext({ runId: "r1", threadId: "t1" }, () => bench.post().invoke({ ...note("c1"), type: "tool_call" }));
    expect(await bench.contexts()).toMatchObject([{ run_id: "r1", thread_id: "t1", tool_call_id: "c1" }]);
  });
});
