import { inspect } from "node:util";
import { AlterVault, PolicyViolationError, ProviderAPIError } from "@alter-vault/sdk";
import {
  FAKE_API_KEY,
  FAKE_SECRET,
  sendProblem,
  sendProvider,
  type Handler,
} from "@alter-vault/sdk/fake-vault.test-support";
import { ToolMessage, type BaseMessage } from "@langchain/core/messages";
import { fakeModel } from "@langchain/core/testing";
import { LangChainTracer } from "@langchain/core/tracers/tracer_langchain";
import { Command, interrupt, MemorySaver } from "@langchain/langgraph";
import { createReactAgent, ToolNode } from "@langchain/langgraph/prebuilt";
import { createAgent, createMiddleware } from "langchain";
import { describe, expect, expectTypeOf, test } from "vitest";
import * as z from "zod";
import * as z3 from "zod/v3";
import { vaultTool } from "./index.ts";
import { call, json, messages, scripted, startBench, type RepoSchema } from "./repo-tool.test-support.ts";

const bench = startBench();
const deny: Handler = (_, response) =>
  sendProblem(response, {
    type: "urn:alter-vault:error:policy_denied",
    title: "A policy denies the call",
    status: 403,
    code: "policy_denied",
    detail: "not on weekends, see https://vault.example/rules?session=fake-session",
    fix: "See `policy_error`.",
    retryable: false,
    request_id: "fake-request-id",
  });
const toolMessages = (all: readonly BaseMessage[]): ToolMessage[] => all.filter((one) => one instanceof ToolMessage);
const textOf = (message: unknown): string => (message as { content: string }).content;

describe("what the model gets", () => {
  test.each([
    ["an object", { name: "fake" }, '{"name":"fake"}'],
    ["a list of things with a type, which would be content blocks", [{ type: "file" }], '[{"type":"file"}]'],
    ["what a framework would take for its own", { lc_direct_tool_output: true }, '{"lc_direct_tool_output":true}'],
    ["a text in JSON", "fake", "fake"],
    ["null", null, "null"],
  ])("%s arrives as text", async (_, answer, content) => {
    bench.fake.answer(json(answer));
    const message = await bench.tool().invoke(call("c1"));
    expect(message).toBeInstanceOf(ToolMessage);
    expect(message).toMatchObject({ status: "success", content, tool_call_id: "c1", name: "get_repo" });
  });

  test("called without a tool call, the tool gives the value", async () => {
    expect(await bench.tool().invoke({ repo: "fake" })).toEqual({ full_name: "fake/repo" });
  });

  test("output chooses what of the answer is given back", async () => {
    const tool = bench.tool({ output: async (response, { repo }) => `${response.status} ${repo}` });
    expect(await tool.invoke(call("c1"))).toMatchObject({ content: "200 fake" });
  });

  test("content_and_artifact", async () => {
    const output = async (response: Response): Promise<unknown> => ["short", await response.json()];
    const tool = bench.tool({ responseFormat: "content_and_artifact", output });
    expect(await tool.invoke(call("c1"))).toMatchObject({ content: "short", artifact: { full_name: "fake/repo" } });
    expect(() => bench.tool({ responseFormat: "content_and_artifact" })).toThrow(/needs an "output"/);
  });

  test("metadata, tags, the name of the run, returnDirect survive", async () => {
    const starts: unknown[] = [];
    const handler = {
      handleToolStart: (...all: unknown[]): void => void starts.push({ tags: all[4], metadata: all[5], name: all[6] }),
    };
    const tool = bench.tool({ metadata: { team: "a" }, tags: ["x"], returnDirect: true, callbacks: [handler] });
    await tool.invoke(call("c1"));
    expect(starts).toEqual([{ tags: ["x"], metadata: { team: "a" }, name: "get_repo" }]);
    expect(tool.returnDirect).toBe(true);
  });
});

describe("failures", () => {
  const denied = {
    error: "policy_denied",
    message: "not on weekends, see https://vault.example/rules",
    fix: "See `policy_error`.",
    requestId: "fake-request-id",
  };

  test("a refusal is a message the model can read, also behind middleware", async () => {
    bench.fake.answer(deny);
    const passing = createMiddleware({ name: "passing", wrapToolCall: (request, next) => next(request) });
    const agent = createAgent({ model: scripted(["c1"]), tools: [bench.tool()], middleware: [passing] });
    const [message] = toolMessages((await agent.invoke({ messages })).messages);
    expect(message).toMatchObject({ status: "error", tool_call_id: "c1", name: "get_repo" });
    expect(JSON.parse(textOf(message))).toEqual(denied);
  });

  test("an error of the provider is told without anything the provider wrote", async () => {
    bench.fake.answer((_, response) => sendProvider(response, 422, {}, "fake-provider-detail"));
    const message = await bench.tool().invoke(call("c1"));
    expect(message).toMatchObject({ status: "error" });
    expect(JSON.parse(textOf(message))).toEqual({
      error: "provider_error",
      message: "The provider answered with status 422.",
      requestId: "fake-request-id",
    });
  });

  test("no vault: the model is not told where it would be", async () => {
    const nowhere = new AlterVault({ apiKey: FAKE_API_KEY, baseUrl: "http://127.0.0.1:9" });
    const message = await bench.tool({ vault: nowhere }).invoke(call("c1"));
    expect(JSON.parse(textOf(message))).toEqual({
      error: "network_error",
      message: "The vault or the provider cannot be reached.",
    });
  });

  test("with content_and_artifact", async () => {
    bench.fake.answer(deny);
    const tool = bench.tool({ responseFormat: "content_and_artifact", output: () => ["", null] });
    const [message] = toolMessages(
      (await createReactAgent({ llm: scripted(["c1"]), tools: [tool] }).invoke({ messages })).messages,
    );
    expect(message).toMatchObject({ status: "error", tool_call_id: "c1" });
    expect(JSON.parse(textOf(message))).toEqual(denied);
  });

  test("without a tool call they are thrown", async () => {
    bench.fake.answer(deny, (_, response) => sendProvider(response, 500, {}, ""));
    await expect(bench.tool().invoke({ repo: "fake" })).rejects.toThrow(PolicyViolationError);
    await expect(bench.tool().invoke({ repo: "fake" })).rejects.toThrow(ProviderAPIError);
  });

  test("mistakes of the program are thrown, and nothing is sent", async () => {
    const wrong = bench.tool({ request: () => ({ method: "GET", url: "https://api.example", params: {} }) as never });
    await expect(wrong.invoke(call("c1"))).rejects.toThrow('Did you mean "queryParams"?');
    const broken = bench.tool({
      request: () => {
        throw new RangeError("mine");
      },
    });
    await expect(broken.invoke(call("c1"))).rejects.toThrow(RangeError);
    expect(() => bench.tool({ grantId: "not-a-uuid", provider: undefined })).toThrow(/must be the UUID of a grant/);
    expect(bench.fake.seen).toEqual([]);
  });

  test("an interrupt goes through, and the tool runs again on resume", async () => {
    const tool = bench.tool({
      request: ({ repo }) => ({
        method: "GET",
        url: "https://api.example/{repo}",
        pathParams: { repo: `${repo}-${interrupt("which?")}` },
      }),
    });
    const agent = createReactAgent({ llm: scripted(["c1"]), tools: [tool], checkpointSaver: new MemorySaver() });
    const config = { configurable: { thread_id: "t4" } };
    const paused = await agent.invoke({ messages }, config);
    expect(paused).toHaveProperty("__interrupt__");
    expect(bench.fake.seen).toEqual([]);
    await agent.invoke(new Command({ resume: "b" }), config);
    expect(bench.fake.seen[0]?.envelope.params).toEqual({ path: { repo: "fake-b" } });
  });
});

describe("abort", () => {
  test("of a run reaches the vault's connection and is thrown as it is", async () => {
    const controller = new AbortController();
    const closed = new Promise<void>((resolve) => {
      bench.fake.answer((_, response) => {
        response.on("close", resolve);
        controller.abort();
      });
    });
    const agent = createReactAgent({ llm: scripted(["c1"]), tools: [bench.tool()] });
    await expect(agent.invoke({ messages }, { signal: controller.signal })).rejects.toMatchObject({
      name: "AbortError",
    });
    await closed;
  });

  test("with a reason that would be a failure to be returned, had the caller not made it", async () => {
    const reason = new PolicyViolationError("the user left");
    const controller = new AbortController();
    bench.fake.answer(() => controller.abort(reason));
    await expect(bench.tool().invoke(call("c1"), { signal: controller.signal })).rejects.toBe(reason);
  });

  test("while the answer is being read", async () => {
    const controller = new AbortController();
    bench.fake.answer((_, response) => {
      sendHeadersAndWait(response);
      setTimeout(() => controller.abort(), 50);
    });
    await expect(bench.tool().invoke(call("c1"), { signal: controller.signal })).rejects.toMatchObject({
      name: "AbortError",
    });
  });

  test("an answer that breaks off is a failure", async () => {
    bench.fake.answer((_, response) => {
      sendHeadersAndWait(response);
      setTimeout(() => response.destroy(), 20);
    });
    const message = await bench.tool().invoke(call("c1"));
    expect(JSON.parse(textOf(message))).toMatchObject({ error: "network_error" });
  });

  function sendHeadersAndWait(response: Parameters<Handler>[1]): void {
    response.writeHead(200, {
      "alter-outcome": "provider",
      "content-type": "application/json",
      "content-length": "100",
    });
    response.write('{"begin":');
  }
});

test("nothing of the key is in what a tool shows, in state, or in traces", async () => {
  const traced: unknown[] = [];
  const keep = async (...all: unknown[]): Promise<void> => void traced.push(all);
  const tracer = new LangChainTracer({ client: { createRun: keep, updateRun: keep } as never });
  const checkpointer = new MemorySaver();
  // The second is what somebody might pass who takes this for another constructor.
  const tool = bench.tool({ metadata: { team: "a" }, apiKey: FAKE_API_KEY } as { metadata: Record<string, unknown> });
  const agent = createAgent({ model: scripted(["c1"]), tools: [tool], checkpointer });
  const result = await agent.invoke({ messages }, { configurable: { thread_id: "t5" }, callbacks: [tracer] });
  const shown = [tool, tool.lc_kwargs, traced, checkpointer, result].map((value) =>
    inspect(value, { depth: null, showHidden: true, maxStringLength: null, maxArrayLength: null }),
  );
  const stored = JSON.stringify([tool, tool.metadata, result, checkpointer.storage]);
  expect(traced.length).toBeGreaterThan(0);
  for (const text of [...shown, stored]) {
    expect(text).not.toContain(FAKE_SECRET);
    expect(text).not.toContain(FAKE_API_KEY);
  }
  expect(inspect(tool, { depth: null })).not.toContain(bench.fake.url);
});

test("types follow from the schema, of zod 3 and zod 4, and from output", async () => {
  const four = vaultTool({
    vault: bench.vault,
    provider: "github",
    name: "four",
    description: "d",
    schema: z.object({ page: z.number().default(1), repo: z.string() }),
    request: (input) => {
      expectTypeOf(input).toEqualTypeOf<{ page: number; repo: string }>();
      return { method: "GET", url: "https://api.example", queryParams: input };
    },
    output: async (response) => response.status,
  });
  const three = vaultTool({
    vault: bench.vault,
    provider: "github",
    name: "three",
    description: "d",
    // core's types for zod 3 do not fit exactOptionalPropertyTypes, which this project has.
    schema: z3.object({ repo: z3.string() }) as unknown as RepoSchema,
    request: (input) => ({ method: "POST", url: "https://api.example", json: { repo: input.repo satisfies string } }),
  });
  const node = new ToolNode([four, three]);
  createAgent({ model: fakeModel(), tools: [four, three] });
  expectTypeOf(await four.invoke({ repo: "fake" })).toEqualTypeOf<number>();
  expectTypeOf(
    await four.invoke({ name: "four", args: { repo: "fake" }, id: "c1", type: "tool_call" as const }),
  ).toEqualTypeOf<ToolMessage>();
  expectTypeOf(await three.invoke({ repo: "fake" })).toEqualTypeOf<unknown>();
  // @ts-expect-error the schema says text
  await expect(three.invoke({ repo: 1 })).rejects.toThrow(/expected schema/);
  expect(node.tools).toHaveLength(2);
  const query = [
    ["page", "1"],
    ["repo", "fake"],
  ];
  expect(bench.fake.seen.map(({ envelope }) => envelope.params)).toEqual([{ query }, { query }, undefined]);
});
