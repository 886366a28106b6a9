import { inspect } from "node:util";
import { AlterVault, currentContext, NetworkError, withContext } from "@alter-vault/sdk";
import {
  FAKE_API_KEY,
  FAKE_SECRET,
  sendProblem,
  sendProvider,
  startFakeVault,
  type FakeVault,
  type Handler,
} from "@alter-vault/sdk/fake-vault.test-support";
import { generateText, jsonSchema, type InferUITools, type Tool, type ToolSet } from "ai";
import { MockLanguageModelV4 } from "ai/test";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, expectTypeOf, test } from "vitest";
import * as z from "zod";
import { AI_VERSIONS } from "./ai-versions.test-support.ts";
import { vaultTool, type VaultOutput, type VaultToolOptions } from "./index.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
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
const json =
  (value: unknown): Handler =>
  (_, response) =>
    sendProvider(response, 200, { "content-type": "application/json" }, JSON.stringify(value));

let fake: FakeVault;
let vault: AlterVault;
beforeAll(async () => {
  fake = await startFakeVault();
});
afterAll(() => fake.close());
beforeEach(() => {
  fake.seen.length = 0;
  fake.answer(json({ full_name: "fake/repo" }));
  vault = new AlterVault({ apiKey: FAKE_API_KEY, baseUrl: fake.url, caller: "test-agent" });
});
afterEach(() => vault.close());

interface Input {
  readonly repo: string;
}
type RepoToolOptions = Extract<VaultToolOptions<Input, unknown>, { execute?: undefined }>;
const repoTool = (options: Partial<RepoToolOptions> = {}): Tool<Input, VaultOutput<unknown>> =>
  vaultTool({
    vault,
    provider: "github",
    description: "Gets a repository.",
    inputSchema: z.object({ repo: z.string() }),
    request: ({ repo }) => ({
      method: "GET",
      url: "https://api.example/repos/{repo}",
      pathParams: { repo },
      headers: { accept: "application/json" },
      reason: "the user asked",
    }),
    ...options,
  });
const call = (id: string, name = "repo") => ({ id, name, input: { repo: "fake" } });
const contexts = (): Record<string, string>[] => fake.seen.map(({ envelope }) => envelope.context);
const runIds = (): (string | undefined)[] => contexts().map((context) => context["run_id"]);

/** Sorted, because calls of one step run side by side. */
const toolCallIds = (): string[] =>
  contexts()
    .map((context) => context["tool_call_id"] ?? "")
    .toSorted((one, other) => one.localeCompare(other));

describe.each(AI_VERSIONS)("ai $major", ({ major, generate, stream }) => {
  const withVaultContext = (context: object): object =>
    major === 7 ? { toolsContext: { repo: { vault: context } } } : { experimental_context: { vault: context } };

  test("the call, the credential, and who makes it arrive at the vault", async () => {
    await generate([[call("c1")]], { repo: repoTool() });
    expect(fake.seen[0]?.envelope).toMatchObject({
      method: "GET",
      target: "https://api.example/repos/{repo}",
      params: { path: { repo: "fake" } },
      provider: "github",
      reason: "the user asked",
      headers: [["accept", "application/json"]],
      caller: { type: "agent", identifier: "test-agent", framework: "ai-sdk" },
      context: { run_id: expect.any(String), tool_call_id: "c1" },
    });
  });

  test.each(["generate", "stream"] as const)("%s: run ids by themselves", async (how) => {
    const turns = [[call("c1"), call("c2")], [call("c3")], "done"];
    await { generate, stream }[how](turns, { repo: repoTool() });
    const first = runIds()[0];
    expect(toolCallIds()).toEqual(["c1", "c2", "c3"]);
    if (major === 7) {
      expect(first).toMatch(/^call-/);
      expect(runIds()).toEqual([first, first, first]);
      expect(contexts().map((context) => [context["step"], context["tool"]])).toEqual([
        ["0", "repo"],
        ["0", "repo"],
        ["1", "repo"],
      ]);
    } else {
      expect(first).toMatch(UUID);
      expect(new Set(runIds()).size).toBe(3);
    }
  });

  test("what the call's context says comes first, then the ambient scope", async () => {
    const run = (options: object): Promise<unknown> =>
      withContext({ runId: "ambient", threadId: "ambient-thread" }, () =>
        generate([[call("c1")]], { repo: repoTool() }, options),
      );
    await run(withVaultContext({ runId: "mine", threadId: "my-thread" }));
    await run(withVaultContext({ threadId: "my-thread" }));
    await run({});
    expect(contexts()).toMatchObject([
      { run_id: "mine", thread_id: "my-thread" },
      { run_id: "ambient", thread_id: "my-thread" },
      { run_id: "ambient", thread_id: "ambient-thread" },
    ]);
  });

  test("the model gets the data alone, your code gets all of it", async () => {
    const { steps, shown } = await generate([[call("c1"), call("c2", "text")], "done"], {
      repo: repoTool(),
      text: repoTool({ output: (response) => `status ${response.status}` }),
    });
    expect(steps[0]?.toolResults.map(({ output }) => output)).toEqual([
      { ok: true, data: { full_name: "fake/repo" } },
      { ok: true, data: "status 200" },
    ]);
    expect(shown).toEqual([
      { type: "json", value: { full_name: "fake/repo" } },
      { type: "text", value: "status 200" },
    ]);
  });

  test("a refusal is a value, and the model is told it is an error", async () => {
    fake.answer(deny);
    const { steps, shown } = await generate([[call("c1")], "done"], { repo: repoTool() });
    const error = {
      code: "policy_denied",
      message: "not on weekends, see https://vault.example/rules",
      fix: "See `policy_error`.",
      requestId: "fake-request-id",
    };
    expect(steps[0]?.toolResults).toMatchObject([{ output: { ok: false, error } }]);
    expect(shown).toEqual([{ type: "error-json", value: error }]);
  });

  test("an error of the provider is told without anything the provider wrote", async () => {
    fake.answer((_, response) => sendProvider(response, 422, {}, "fake-provider-detail"));
    const { steps } = await generate([[call("c1")], "done"], { repo: repoTool() });
    expect(steps[0]?.toolResults[0]?.output).toEqual({
      ok: false,
      error: {
        code: "provider_error",
        message: "The provider answered with status 422.",
        requestId: "fake-request-id",
      },
    });
  });

  test("mistakes of the program are thrown, and nothing is sent", async () => {
    const wrong = repoTool({ request: () => ({ method: "GET", url: "https://api.example", params: {} }) as never });
    const { steps } = await generate([[call("c1")], "done"], { repo: wrong });
    expect(steps[0]?.content.find(({ type }) => type === "tool-error")?.error).toMatchObject({
      code: "invalid_option",
    });
    expect(fake.seen).toEqual([]);
  });

  test("an abort reaches the vault's connection", async () => {
    const controller = new AbortController();
    const closed = new Promise<void>((resolve) => {
      fake.answer((_, response) => {
        response.on("close", resolve);
        controller.abort();
      });
    });
    await generate([[call("c1")], "done"], { repo: repoTool() }, { abortSignal: controller.signal }).then(
      ({ steps }) => expect(steps[0]?.toolResults).toEqual([]),
      (error: unknown) => expect(error).toMatchObject({ name: "AbortError" }),
    );
    await closed;
  });
});

const seven = AI_VERSIONS.find(({ major }) => major === 7);

test("a generation inside of a tool has the run id of the outer one", async () => {
  const inner = repoTool();
  const outer = {
    inputSchema: jsonSchema({ type: "object" }),
    execute: async () => (await seven?.generate([[call("inner")], "done"], { repo: inner }))?.steps.length,
  };
  await seven?.generate([[{ id: "outer", name: "ask", input: {} }, call("beside")], "done"], {
    ask: outer,
    repo: inner,
  });
  expect(toolCallIds()).toEqual(["beside", "inner"]);
  expect(runIds()[0]).toMatch(/^call-/);
  expect(runIds()[1]).toBe(runIds()[0]);
});

test("where the channel is silent, each call has a run id of its own", async () => {
  await seven?.generate([[call("c1")], "done"], { repo: repoTool() }, { telemetry: { isEnabled: false } });
  expect(runIds()).toEqual([expect.stringMatching(UUID)]);
});

test("thrown for an abort is what the caller aborted with", async () => {
  // One that would be a failure to be returned, had the caller not made it.
  const reason = new NetworkError("the user left");
  const execute = repoTool().execute;
  const aborted = execute?.(
    { repo: "fake" },
    { toolCallId: "c1", messages: [], abortSignal: AbortSignal.abort(reason), context: {} },
  );
  await expect(aborted).rejects.toBe(reason);
});

test("no vault: nobody is told where it would be", async () => {
  const nowhere = new AlterVault({ apiKey: FAKE_API_KEY, baseUrl: "http://127.0.0.1:9" });
  const execute = repoTool({ vault: nowhere }).execute;
  expect(await execute?.({ repo: "fake" }, { toolCallId: "c1", messages: [], context: {} })).toEqual({
    ok: false,
    error: { code: "network_error", message: "The vault or the provider cannot be reached." },
  });
});

test.each([
  [undefined, { type: "json", value: null }],
  ["from a browser", { type: "text", value: "from a browser" }],
  [{ ok: "yes" }, { type: "json", value: { ok: "yes" } }],
  [
    { ok: true, data: undefined },
    { type: "json", value: null },
  ],
  [{ ok: false }, { type: "error-json", value: null }],
])("an output %j of an old chat is taken as it is", async (output, expected) => {
  const toModelOutput = repoTool().toModelOutput as (given: object) => unknown;
  expect(toModelOutput({ toolCallId: "c1", input: {}, output })).toEqual(expected);
});

test("wrong options are told when the tool is made", () => {
  expect(() => repoTool({ provider: undefined, grantId: "not-a-uuid" })).toThrow(/must be the UUID of a grant/);
});

test("an unexpected message on the channel ends nothing", async () => {
  repoTool();
  const { tracingChannel } = process.getBuiltinModule("node:diagnostics_channel");
  for (const message of [undefined, null, "text", { event: null }, { event: { toolCall: 7 } }]) {
    tracingChannel("ai:telemetry").start.runStores(message as object, () => expect(currentContext()).toEqual({}));
  }
});

test("nothing of the key is in what a tool shows or in results", async () => {
  const tool = repoTool();
  const result = await seven?.generate(
    [[call("c1")], "done"],
    { repo: tool },
    { toolsContext: { repo: { vault: { runId: "r" } } } },
  );
  for (const text of [tool, result].flatMap((value) => [
    inspect(value, { depth: null, showHidden: true }),
    JSON.stringify(value),
  ])) {
    expect(text).not.toContain(FAKE_SECRET);
    expect(text).not.toContain(FAKE_API_KEY);
    expect(text).not.toContain(fake.url);
  }
});

test("types follow from the schema and from output", async () => {
  const status = vaultTool({
    vault,
    provider: "github",
    description: "d",
    inputSchema: z.object({ page: z.number().default(1), repo: z.string() }),
    request: (input) => {
      expectTypeOf(input).toEqualTypeOf<{ page: number; repo: string }>();
      return { method: "GET", url: "https://api.example", queryParams: input };
    },
    output: async (response) => response.status,
  });
  expectTypeOf(status).toEqualTypeOf<Tool<{ page: number; repo: string }, VaultOutput<number>>>();
  const tools = { status } satisfies ToolSet;
  expectTypeOf<InferUITools<typeof tools>["status"]["output"]>().toEqualTypeOf<VaultOutput<number>>();
  const model = new MockLanguageModelV4({
    doGenerate: {
      content: [{ type: "tool-call", toolCallId: "c1", toolName: "status", input: '{"repo":"fake"}' }],
      finishReason: { unified: "tool-calls", raw: undefined },
      usage: {
        inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
        outputTokens: { total: 1, text: 1, reasoning: 0 },
      },
      warnings: [],
    },
  });
  const { toolResults } = await generateText({ model, tools, prompt: "go" });
  const [result] = toolResults;
  if (result?.dynamic === true || result === undefined) throw new Error("no result");
  expectTypeOf(result.output).toEqualTypeOf<VaultOutput<number>>();
  expect(result.output).toEqual({ ok: true, data: 200 });
});
