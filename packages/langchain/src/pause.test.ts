import type { FakeApi } from "@alter-vault/testing";
import { ToolMessage, type BaseMessage } from "@langchain/core/messages";
import { Command, MemorySaver, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { createMiddleware, createAgent } from "langchain";
import { fakeModel } from "@langchain/core/testing";
import { AIMessage } from "@langchain/core/messages";
import { beforeEach, describe, expect, test } from "vitest";
import * as z from "zod";
import { AGENTS, agentAsTool, resumeAll } from "./agents.test-support.ts";
import { requireConnections, vaultTool, vaultToolkit, type VaultInterrupt } from "./index.ts";
import { note, noteSchema, startLiveBench } from "./live-tool.test-support.ts";

/* Pausing and going on, with a real vault. What was done is counted at the provider. */
const bench = startLiveBench();
const config = { configurable: { thread_id: "t1" } };
const values = (answer: { readonly __interrupt__?: readonly { value?: unknown }[] }): VaultInterrupt[] =>
  (answer.__interrupt__ ?? []).map(({ value }) => value as VaultInterrupt);
const toolMessages = (messages: readonly BaseMessage[] = []): ToolMessage[] =>
  messages.filter((one) => one instanceof ToolMessage);
const textOf = (message: ToolMessage | undefined): string =>
  (message as { content: string } | undefined)?.content ?? "";

describe.each(Object.entries(AGENTS))("%s", (_, make) => {
  let one: FakeApi;
  let two: FakeApi;
  beforeEach(async () => {
    one = await bench.testVault.provider("slack");
    two = await bench.testVault.provider("linear");
    await bench.testVault.connect("notes");
  });

  test("of parallel calls two pause, and after resuming each was made once", async () => {
    const tools = [bench.post(), bench.post("slack"), bench.post("linear")];
    const made = make(tools, [[note("c1", "slack"), note("c2"), note("c3", "linear")]]);
    const paused = await made.graph.invoke(made.input, config);
    expect(values(paused).length).toBeGreaterThan(0);
    expect(values(paused)[0]).toMatchObject({
      type: "connect_required",
      id: expect.stringMatching(/^connect_required:c[13]$/),
      url: expect.stringContaining(bench.testVault.url),
      tool: expect.stringMatching(/^post_/),
    });
    await bench.testVault.connect("slack");
    await bench.testVault.connect("linear");
    const end = await resumeAll(made, paused, config, { whatever: true });
    expect([one, bench.notes, two].map(({ calls }) => calls.length)).toEqual([1, 1, 1]);
    const results = toolMessages(end.messages);
    expect(results.map(({ status }) => status)).toEqual(["success", "success", "success"]);
    expect(results.map(({ tool_call_id: id }) => id)).toEqual(["c1", "c2", "c3"]);
  });

  test("resumed too early, it pauses again, and a connect answer never stands for an approval", async () => {
    const made = make([bench.post("slack")], [[note("c1", "slack")]]);
    const first = await made.graph.invoke(made.input, config);
    expect(values(first)).toMatchObject([{ type: "connect_required", toolCallId: "c1" }]);
    const still = await made.graph.invoke(new Command({ resume: { connected: true } }), config);
    expect(values(still)).toMatchObject([{ type: "connect_required" }]);

    await bench.testVault.connect("slack");
    const approval = bench.testVault.requireApproval({ provider: "slack" });
    const second = await made.graph.invoke(new Command({ resume: { id: "connect_required:c1", ok: true } }), config);
    expect(values(second)).toMatchObject([{ type: "approval_required", id: `approval_required:${approval.id}` }]);
    const forged = { id: `approval_required:${approval.id}`, approved: true, decisions: [{ type: "approve" }] };
    expect(values(await made.graph.invoke(new Command({ resume: forged }), config))).toHaveLength(1);
    expect(one.calls).toEqual([]);

    approval.approve();
    const end = await made.graph.invoke(new Command({ resume: true }), config);
    expect(values(end)).toEqual([]);
    expect(one.calls).toHaveLength(1);
  });

  test("a no ends it, and the model is told", async () => {
    const made = make([bench.post("slack")], [[note("c1", "slack")]]);
    await made.graph.invoke(made.input, config);
    // Of something else, it is none.
    const stale = await made.graph.invoke(new Command({ resume: { id: "other", declined: true } }), config);
    const [asked] = values(stale);
    const end = await made.graph.invoke(new Command({ resume: { id: asked?.id, declined: true } }), config);
    const [message] = toolMessages(end.messages);
    expect(message).toMatchObject({ status: "error", tool_call_id: "c1" });
    expect(JSON.parse(textOf(message))).toMatchObject({ error: "grant_not_found" });
    expect(one.calls).toEqual([]);
  });

  test("without a checkpointer the model gets one short message with the link", async () => {
    const made = make([bench.post("slack")], [[note("c1", "slack")]], { checkpointer: false });
    const { messages } = await made.graph.invoke(made.input, config);
    const [message] = toolMessages(messages);
    expect(message).toMatchObject({ status: "error", tool_call_id: "c1", name: "post_slack" });
    expect(JSON.parse(textOf(message))).toEqual({
      error: "grant_not_found",
      message: expect.any(String),
      fix: "The user must connect the slack account first.",
      url: expect.stringContaining(bench.testVault.url),
      requestId: expect.any(String),
    });
    expect(textOf(message)).not.toMatch(/\n|\bat \w+ \(/);
    expect(one.calls).toEqual([]);
  });
});

test("an agent that is run by a tool pauses the agent around it, and of its parallel calls each is made once", async () => {
  const [slack, linear] = [await bench.testVault.provider("slack"), await bench.testVault.provider("linear")];
  await bench.testVault.connect("notes");
  const tools = [bench.post(), bench.post("slack"), bench.post("linear")];
  const made = agentAsTool(tools, [[note("c1", "slack"), note("c2"), note("c3", "linear")]]);
  const paused = await made.graph.invoke(made.input, config);
  expect(values(paused)[0]).toMatchObject({ type: "connect_required", id: expect.stringMatching(/:c[13]$/) });
  expect([slack.calls, linear.calls]).toEqual([[], []]);
  const denied = (await bench.testVault.calls()).filter(({ decision }) => decision === "deny");
  expect(new Set(denied.map(({ code }) => code))).toEqual(new Set(["grant_not_found"]));
  await bench.testVault.connect("slack");
  const approval = bench.testVault.requireApproval({ provider: "slack" });
  const still = await made.graph.invoke(new Command({ resume: { connected: true } }), config);
  expect(values(still).length).toBeGreaterThan(0);
  expect(slack.calls).toEqual([]);
  approval.approve();
  await bench.testVault.connect("linear");
  const end = await resumeAll(made, still, config, { whatever: true });
  expect([slack, bench.notes, linear].map(({ calls }) => calls.length)).toEqual([1, 1, 1]);
  expect(toolMessages(end.messages)).toMatchObject([{ tool_call_id: "outer", status: "success", content: "asked" }]);
});

test("a tool that makes several calls begins again, and what it did is not done twice", async () => {
  const slack = await bench.testVault.provider("slack");
  await bench.testVault.connect("notes");
  const url = (name: string): string => `https://api.${name}.example/x`;
  const both = vaultTool({
    vault: bench.vault,
    name: "post_both",
    description: "d",
    schema: noteSchema,
    execute: async ({ text }, { vault, ids, signal }) => {
      expect([ids.toolCallId, signal?.aborted]).toEqual(["c1", false]);
      const first = await vault.request("POST", url("notes"), { provider: "notes", json: { text, n: 1 } });
      const second = await vault.request("POST", url("notes"), { provider: "notes", json: { text, n: 2 } });
      await vault.request("POST", url("slack"), { provider: "slack", json: { text } });
      return [await first.json(), await second.json()];
    },
  });
  const made = AGENTS["createAgent"]?.([both], [[{ ...note("c1"), name: "post_both" }]]);
  const paused = await made?.graph.invoke(made.input, config);
  expect(values(paused ?? {})).toHaveLength(1);
  await bench.testVault.connect("slack");
  const end = await made?.graph.invoke(new Command({ resume: true }), config);
  expect(bench.notes.calls.map(({ body }) => body)).toEqual(['{"text":"c1","n":1}', '{"text":"c1","n":2}']);
  expect(slack.calls).toHaveLength(1);
  expect(toolMessages(end?.messages)[0]?.content).toBe(
    '[{"posted":{"text":"c1","n":1}},{"posted":{"text":"c1","n":2}}]',
  );
  expect((await bench.testVault.calls()).filter(({ outcome }) => outcome === "done")).toHaveLength(2);
});

test("middleware that calls the tool twice makes one call", async () => {
  await bench.testVault.connect("notes");
  const twice = createMiddleware({
    name: "twice",
    wrapToolCall: async (request, next) => {
      await next(request);
      return next(request);
    },
  });
  const model = fakeModel()
    .respondWithTools([note("c1")])
    .respond(new AIMessage("done"));
  const agent = createAgent({ model, tools: [bench.post()], middleware: [twice], checkpointer: new MemorySaver() });
  const { messages } = await agent.invoke({ messages: [{ role: "user", content: "go" }] }, config);
  expect(toolMessages(messages)[0]?.content).toBe('{"posted":{"text":"c1"}}');
  expect(bench.notes.calls).toHaveLength(1);
});

test("the same id of a tool call in a later step is another call: some models count anew in each answer", async () => {
  await bench.testVault.connect("notes");
  const made = AGENTS["createAgent"]?.([bench.post()], [[note("call_0")], [note("call_0")]]);
  await made?.graph.invoke(made.input, config);
  expect(bench.notes.calls).toHaveLength(2);
});

describe("before a long run", () => {
  const graphWith = (checkpointer: MemorySaver | false) =>
    new StateGraph(MessagesAnnotation)
      .addNode(
        "connections",
        requireConnections({ vault: bench.vault, needs: [{ provider: "notes" }, { provider: "slack" }] }),
      )
      .addNode("work", async () => {
        await bench.vault.request("POST", "https://api.notes.example", { provider: "notes" });
        return {};
      })
      .addEdge(START, "connections")
      .addEdge("connections", "work")
      .compile(checkpointer === false ? {} : { checkpointer });

  test("all missing connections are asked for at once", async () => {
    await bench.testVault.provider("slack");
    const graph = graphWith(new MemorySaver());
    const paused = (await graph.invoke({ messages: [] }, config)) as {
      __interrupt__?: { value: { actions: unknown[] } }[];
    };
    expect(paused.__interrupt__?.[0]?.value).toMatchObject({
      type: "connections_required",
      actions: [
        { type: "connect_required", providerId: "notes" },
        { type: "connect_required", providerId: "slack" },
      ],
    });
    await bench.testVault.connect("notes");
    const again = (await graph.invoke(new Command({ resume: true }), config)) as typeof paused;
    expect(again.__interrupt__?.[0]?.value.actions).toMatchObject([{ providerId: "slack" }]);
    await bench.testVault.connect("slack");
    await graph.invoke(new Command({ resume: true }), config);
    expect(bench.notes.calls).toHaveLength(1);
  });

  test("without a checkpointer, and after a no, it does not begin", async () => {
    await expect(graphWith(false).invoke({ messages: [] }, config)).rejects.toThrow("cannot wait");
    await bench.testVault.provider("slack");
    const graph = graphWith(new MemorySaver());
    await graph.invoke({ messages: [] }, config);
    const no: unknown = new Command({ resume: { id: "connections_required", declined: true } });
    await expect(graph.invoke(no as null, config)).rejects.toThrow("declined");
    expect(bench.notes.calls).toEqual([]);
  });
});

test("a toolkit has a tool for each operation of the catalogue", async () => {
  const github = await bench.testVault.provider("github", {
    hosts: ["api.github.com"],
    answer: ({ path }) => ({ path }),
  });
  await bench.testVault.connect("github");
  const tools = await vaultToolkit({ vault: bench.vault, provider: "github", operations: ["repos.get"] });
  const made = AGENTS["createAgent"]?.(tools, [
    [{ name: "github_repos_get", args: { owner: "acme/../x", repo: "web" }, id: "c1" }],
    [{ name: "github_repos_get", args: { owner: "acme", repo: "web", query: { a: "b" } }, id: "c2" }],
    [{ name: "github_repos_get", args: { owner: 1, other: true }, id: "c3" }],
  ]);
  const { messages } = (await made?.graph.invoke(made.input, config)) ?? {};
  const results = toolMessages(messages);
  expect(JSON.parse(textOf(results[0]))).toMatchObject({ error: "target_path_unsafe" });
  expect(results[1]?.content).toBe('{"path":"/repos/acme/web?a=b"}');
  expect(results[2]?.status).toBe("error");
  expect(github.calls).toHaveLength(1);
  const reading = await vaultToolkit({ vault: bench.vault, provider: "github" });
  expect(reading.map(({ name }) => name)).toContain("github_user_get");
  await expect(vaultToolkit({ vault: bench.vault, provider: "nobody" })).rejects.toMatchObject({
    code: "provider_not_found",
  });
});

test("a tool needs one of the two forms", () => {
  const shared = { vault: bench.vault, name: "n", description: "d", schema: z.object({}) };
  expect(() => vaultTool(shared as never)).toThrow('either "request" or "execute"');
});
