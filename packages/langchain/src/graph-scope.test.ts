import { withContext } from "@alter-vault/sdk";
import { AIMessage } from "@langchain/core/messages";
import { BaseTracer } from "@langchain/core/tracers/base";
import { LangChainTracer } from "@langchain/core/tracers/tracer_langchain";
import { entrypoint, MemorySaver, MessagesAnnotation, START, StateGraph, task } from "@langchain/langgraph";
import { createReactAgent, ToolNode } from "@langchain/langgraph/prebuilt";
import { createAgent } from "langchain";
import { describe, expect, test } from "vitest";
import { asks, call, messages, scripted, startBench } from "./repo-tool.test-support.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const bench = startBench();

describe("what arrives at the vault", () => {
  test("the call, the credential, and who makes it", async () => {
    await bench.tool().invoke(call("c1"));
    expect(bench.fake.seen[0]?.envelope).toMatchObject({
      method: "GET",
      target: "https://api.example/repos/{repo}",
      params: { path: { repo: "fake" } },
      provider: "github",
      reason: "the user asked",
      headers: [["accept", "application/json"]],
      caller: { type: "agent", identifier: "test-agent", framework: "langchain" },
      context: { run_id: expect.stringMatching(UUID), tool_call_id: "c1", tool: "get_repo" },
    });
  });

  test("createAgent: one run id for all tool calls of a run, another one for the next run", async () => {
    const agent = createAgent({
      model: scripted(["c1", "c2"], ["c3"]).respond(asks("c4")).respond(new AIMessage("done")),
      tools: [bench.tool()],
      checkpointer: new MemorySaver(),
    });
    await agent.invoke({ messages }, { configurable: { thread_id: "t1" } });
    await agent.invoke({ messages }, { configurable: { thread_id: "t1" } });
    const [first, second, third, next] = bench.contexts();
    expect(first).toEqual({
      run_id: expect.stringMatching(UUID),
      thread_id: "t1",
      tool_call_id: expect.stringMatching(/^c[12]$/),
      tool: "get_repo",
      node: "tools",
      step: expect.stringMatching(/^\d+$/),
      checkpoint_ns: expect.stringMatching(/^tools:/),
    });
    expect(
      bench
        .contexts()
        .map((context) => context["tool_call_id"])
        .toSorted((one, other) => String(one).localeCompare(String(other))),
    ).toEqual(["c1", "c2", "c3", "c4"]);
    expect(second?.["run_id"]).toBe(first?.["run_id"]);
    expect(third).toMatchObject({ run_id: first?.["run_id"], tool_call_id: "c3" });
    expect(next?.["run_id"]).not.toBe(first?.["run_id"]);
    expect(bench.fake.seen[0]?.envelope.caller.framework).toBe("langgraph");
  });

  test("a subgraph has the run id of the graph around it", async () => {
    const tools = new ToolNode([bench.tool()]);
    const inner = new StateGraph(MessagesAnnotation).addNode("tools", tools).addEdge(START, "tools").compile();
    const outer = new StateGraph(MessagesAnnotation)
      .addNode("first", tools)
      .addNode("ask", () => ({ messages: [asks("inner")] }))
      .addNode("sub", inner)
      .addEdge(START, "first")
      .addEdge("first", "ask")
      .addEdge("ask", "sub")
      .compile({ checkpointer: new MemorySaver() });
    await outer.invoke({ messages: [asks("outer")] }, { configurable: { thread_id: "t2" } });
    expect(bench.contexts()).toMatchObject([
      { tool_call_id: "outer", thread_id: "t2", node: "first" },
      {
        tool_call_id: "inner",
        thread_id: "t2",
        node: "tools",
        checkpoint_ns: expect.stringMatching(/^sub:.*\|tools:/),
      },
    ]);
    expect(bench.runIds()[1]).toBe(bench.runIds()[0]);
  });

  test("the functional API: one run id for all tasks", async () => {
    const tool = bench.tool();
    const ask = task("ask", async (id: string) => tool.invoke(call(id)));
    const flow = entrypoint("flow", async (ids: string[]) => (await Promise.all(ids.map((id) => ask(id)))).length);
    await flow.invoke(["f1", "f2"]);
    expect(bench.runIds()[0]).toMatch(UUID);
    expect(bench.runIds()[1]).toBe(bench.runIds()[0]);
  });

  const tracer = (): LangChainTracer =>
    new LangChainTracer({ client: { createRun: async () => {}, updateRun: async () => {} } as never });
  const traceRun = "55555555-5555-4555-8555-555555555555";

  test.each([
    ["configurable.vault_run_id", { vault_run_id: "mine", run_id: "server-run" }, "mine"],
    ["the ambient scope", { run_id: "server-run" }, "ambient"],
  ])("%s comes first", async (_, configurable, expected) => {
    const agent = createReactAgent({ llm: scripted(["c1"]), tools: [bench.tool()] });
    await withContext({ runId: "ambient", threadId: "ambient-thread" }, () =>
      agent.invoke({ messages }, { configurable, callbacks: [tracer()], runId: traceRun }),
    );
    expect(bench.contexts()).toMatchObject([{ run_id: expected, thread_id: "ambient-thread", tool_call_id: "c1" }]);
  });

  test.each([
    ["a LangGraph server's run", { configurable: { run_id: "server-run", thread_id: "t3" } }, "server-run"],
    ["an empty vault_run_id is none", { configurable: { vault_run_id: "", run_id: "server-run" } }, "server-run"],
    ["the trace's root", { configurable: {} }, traceRun],
  ])("%s", async (_, config, expected) => {
    const agent = createReactAgent({ llm: scripted(["c1"]), tools: [bench.tool()] });
    await agent.invoke({ messages }, { ...config, callbacks: [tracer()], runId: traceRun });
    expect(bench.runIds()).toEqual([expected]);
  });

  test("a trace that begins with the tool does not split a run of a graph", async () => {
    // LangChain's own tracer is taken out here, because the graph is not traced. Others stay.
    class OwnTracer extends BaseTracer {
      readonly name = "own_tracer";
      protected persistRun(): Promise<void> {
        return Promise.resolve();
      }
      getRun(id: string) {
        return this.getRunById(id);
      }
    }
    const tool = bench.tool({ callbacks: [new OwnTracer()] });
    await createReactAgent({ llm: scripted(["c1", "c2"]), tools: [tool] }).invoke({ messages });
    expect(bench.runIds()[0]).toMatch(UUID);
    expect(bench.runIds()[1]).toBe(bench.runIds()[0]);
  });

  test("outside of a graph the tool's own run is the run", async () => {
    let started = "";
    await bench
      .tool()
      .invoke({ repo: "fake" }, { callbacks: [{ handleToolStart: (_tool, _input, id) => void (started = id) }] });
    expect(bench.runIds()).toEqual([started]);
  });

  test("ids that are longer than the wire takes are cut", async () => {
    await bench.tool().invoke(call("c".repeat(600)), { configurable: { thread_id: "t".repeat(600) } });
    expect(bench.contexts()).toMatchObject([{ tool_call_id: "c".repeat(512), thread_id: "t".repeat(512) }]);
  });
});
