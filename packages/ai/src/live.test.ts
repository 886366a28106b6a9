import { tracingChannel } from "node:diagnostics_channel";
import { inspect } from "node:util";
import { parseApiKey } from "@alter-vault/protocol";
import type { AlterVault } from "@alter-vault/sdk";
import { createTestVault, slow, type FakeApi, type TestVault } from "@alter-vault/testing";
import { trace } from "@opentelemetry/api";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { streamText, type Tool } from "ai";
import { streamText as streamText5 } from "ai-v5";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { AI_VERSIONS } from "./ai-versions.test-support.ts";
import { requireConnections, vaultApproval, vaultTool, type VaultOutput } from "./index.ts";

/* Tools against a real vault. What was done is counted at the provider. */
let testVault: TestVault;
let vault: AlterVault;
let notes: FakeApi;
beforeEach(async () => {
  testVault = await createTestVault();
  vault = testVault.sdk();
  notes = await testVault.provider("notes", {
    answer: ({ body }) => ({ posted: JSON.parse(body || "null") as unknown }),
  });
});
afterEach(() => testVault.stop());

const post = (more: { waitForUser?: number } = {}): Tool<{ text: string }, VaultOutput<unknown>> =>
  vaultTool({
    vault,
    provider: "notes",
    description: "Posts a note.",
    inputSchema: z.object({ text: z.string() }),
    request: (json) => ({ method: "POST", url: "https://api.notes.example/notes", json }),
    ...more,
  });
const call = (id: string, name = "post") => ({ id, name, input: { text: id } });

describe.each(AI_VERSIONS)("ai $major", ({ major, generate, stream }) => {
  const within = (context: object): object =>
    major === 7 ? { toolsContext: { post: { vault: context } } } : { experimental_context: { vault: context } };

  test("the audit log has run, thread and tool calls", async () => {
    await testVault.connect("notes");
    await generate([[call("c1"), call("c2")]], { post: post() }, within({ threadId: "t1" }));
    await stream([[call("c3")]], { post: post() }, within({ runId: "mine", threadId: "t1" }));
    const contexts = (await testVault.calls()).map(({ context }) => context);
    const ids = contexts.map((context) => context["tool_call_id"] ?? "");
    expect(ids.toSorted((one, other) => one.localeCompare(other))).toEqual(["c1", "c2", "c3"]);
    for (const context of contexts) expect(context).toMatchObject({ run_id: expect.any(String), thread_id: "t1" });
    expect(contexts[2]).toMatchObject({ run_id: "mine" });
    if (major === 7) expect(contexts[0]?.["run_id"]).toBe(contexts[1]?.["run_id"]);
  });

  test("the same tool call run again makes no second call", async () => {
    await testVault.connect("notes");
    const results = [];
    for (let i = 0; i < 2; i++) {
      const { steps } = await generate([[call("c1")]], { post: post() }, within({ threadId: "t1" }));
      results.push(steps[0]?.toolResults[0]?.output);
    }
    expect(results).toEqual([results[0], results[0]]);
    expect(results[0]).toEqual({ ok: true, data: { posted: { text: "c1" } } });
    expect(notes.calls).toHaveLength(1);
  });

  test("nobody is connected: the model is told what to do and where, the UI gets the action", async () => {
    const { steps, shown } = await generate([[call("c1")], "done"], { post: post() });
    const output = steps[0]?.toolResults[0]?.output;
    expect(output).toMatchObject({
      ok: false,
      error: { code: "grant_not_found", fix: "The user must connect the notes account first." },
      action: { type: "connect_required", providerId: "notes", url: expect.stringContaining(testVault.url) },
    });
    expect(shown).toMatchObject([{ type: "error-json", value: { url: expect.stringContaining(testVault.url) } }]);
    expect(JSON.stringify(shown)).not.toMatch(/action|\bat \w+ \(/);
    expect(notes.calls).toEqual([]);
  });

  test("waiting for the user, the tool goes on by itself, and asks again for an approval", async () => {
    const running = generate([[call("c1")], "done"], { post: post({ waitForUser: 20_000 }) });
    await vi.waitFor(async () => expect(await testVault.calls()).toHaveLength(1), { timeout: 5000 });
    const approval = testVault.requireApproval({ provider: "notes" });
    await testVault.connect("notes");
    setTimeout(() => approval.approve(), 2500);
    const { steps, shown } = await running;
    expect(steps[0]?.toolResults[0]?.output).toEqual({ ok: true, data: { posted: { text: "c1" } } });
    expect(shown).toEqual([{ type: "json", value: { posted: { text: "c1" } } }]);
    expect(notes.calls).toHaveLength(1);
  });

  test("an abort ends the call at the provider within 100 ms", { retry: 2 }, async () => {
    await testVault.connect("notes");
    const before = notes.calls.length;
    notes.fail(slow());
    const controller = new AbortController();
    const running = generate([[call(`abort-${before}`)]], { post: post() }, { abortSignal: controller.signal });
    running.catch(() => undefined);
    await vi.waitFor(() => expect(notes.calls).toHaveLength(before + 1), { timeout: 5000, interval: 2 });
    const abortedAt = performance.now();
    controller.abort();
    await vi.waitFor(() => expect(notes.calls.at(-1)?.endedAfterMs).not.toBeNull(), { timeout: 2000, interval: 1 });
    expect(performance.now() - abortedAt).toBeLessThan(100);
    await running.catch(() => undefined);
  });

  test("all connections are asked for before the first step", async () => {
    const options = { prepareStep: requireConnections({ vault, needs: [{ provider: "notes" }] }) };
    await expect(generate([[call("c1")], "done"], { post: post() }, options)).rejects.toMatchObject({
      code: "reauth_required",
      details: { actions: [{ type: "connect_required", providerId: "notes" }] },
    });
    const told: unknown[] = [];
    const onMissing = (actions: readonly unknown[]): object => {
      told.push(...actions);
      return { toolChoice: "none" };
    };
    await generate(
      ["sorry"],
      {},
      { prepareStep: requireConnections({ vault, needs: [{ provider: "notes" }], onMissing }) },
    );
    expect(told).toMatchObject([{ providerId: "notes" }]);
    await testVault.connect("notes");
    await generate([[call("c1")], "done"], { post: post() }, options);
    expect(notes.calls).toHaveLength(1);
  });

  test("no secret is in results, in what is printed, or what tools show", async () => {
    notes.answer(({ headers }) => ({ echoed: headers }));
    const tool = post();
    const { steps, shown } = await generate([[call("c1")], "done"], { post: tool }, within({ threadId: "t1" }));
    await testVault.connect("notes");
    const done = await generate([[call("c2")], "done"], { post: tool }, within({ threadId: "t1" }));
    const dump = [steps, shown, done, tool, vault]
      .map((value) => inspect(value, { depth: null, showHidden: true }))
      .join();
    const token = String(notes.calls[0]?.headers.authorization).replace("Bearer ", "");
    expect(token).toMatch(/^fake-token-/);
    for (const secret of [token, testVault.apiKey, String(parseApiKey(testVault.apiKey)?.secret)]) {
      expect(dump.includes(secret)).toBe(false);
    }
  });
});

test.each([
  ["ai 7", streamText as unknown, AI_VERSIONS[2]],
  ["ai 5", streamText5 as unknown, AI_VERSIONS[0]],
])("%s: the card to connect is a preliminary part of the UI stream", async (_, stream, version) => {
  const result = (stream as (options: object) => { toUIMessageStream(): AsyncIterable<Record<string, unknown>> })({
    ...version?.options([[call("c1")], "done"]),
    tools: { post: post({ waitForUser: 20_000 }) },
  });
  const outputs: unknown[] = [];
  for await (const part of result.toUIMessageStream()) {
    if (part["type"] !== "tool-output-available") continue;
    outputs.push([part["preliminary"] === true, part["output"]]);
    if (outputs.length === 1) await testVault.connect("notes");
  }
  const done = { ok: true, data: { posted: { text: "c1" } } };
  expect(outputs).toMatchObject([
    [true, { ok: false, waiting: true, action: { type: "connect_required", url: expect.any(String) } }],
    [true, done],
    [false, done],
  ]);
});

test("no secret is in telemetry, in spans, or in the UI stream", async () => {
  const told: unknown[] = [];
  const channel = tracingChannel("ai:telemetry");
  const listen = (message: unknown): void => void told.push(message);
  const subscribers = { start: listen, end: listen, asyncStart: listen, asyncEnd: listen, error: listen };
  channel.subscribe(subscribers);
  const spans = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));
  notes.answer(({ headers }) => ({ echoed: headers }));
  const ada = await testVault.signIn("ada");
  await testVault.connect("notes", ada);
  const bound = vaultTool({
    vault: vault.with({ userToken: ada }),
    provider: "notes",
    description: "Posts a note.",
    inputSchema: z.object({ text: z.string() }),
    request: (json) => ({ method: "POST", url: "https://api.notes.example/notes", json }),
  });
  const parts: unknown[] = [];
  try {
    const result = streamText({
      ...AI_VERSIONS[2]?.options([[call("c1")], "done"]),
      tools: { post: bound },
      toolsContext: { post: { vault: { threadId: "t1" } } },
    } as never);
    for await (const part of result.toUIMessageStream()) parts.push(part);
  } finally {
    channel.unsubscribe(subscribers);
    trace.disable();
  }
  const token = String(notes.calls[0]?.headers.authorization).replace("Bearer ", "");
  expect(token).toMatch(/^fake-token-/);
  expect(told.length).toBeGreaterThan(5);
  const finished = spans.getFinishedSpans().map(({ name, attributes }) => ({ name, attributes }));
  expect(finished).toMatchObject([{ name: "execute_tool post", attributes: { "gen_ai.tool.call.id": "c1" } }]);
  const dump = inspect([told, parts, finished, bound], { depth: null, showHidden: true, maxStringLength: null });
  for (const secret of [token, ada, testVault.apiKey, String(parseApiKey(testVault.apiKey)?.secret)]) {
    expect(dump.includes(secret)).toBe(false);
  }
});

test("version 7 asks the vault's policy before it runs a tool, and the vault decides again", async () => {
  await testVault.connect("notes");
  const [, , seven] = AI_VERSIONS;
  const asked: unknown[] = [];
  const effects = ["approval", "deny", "allow"] as const;
  for (const [index, effect] of effects.entries()) {
    const toolApproval = vaultApproval(["post"], async (tool, input, ids) => {
      asked.push([tool, input, ids.toolCallId]);
      return { effect };
    });
    await seven?.generate([[call(`c${index}`)], "done"], { post: post() }, { toolApproval });
    expect(notes.calls).toHaveLength(effect === "allow" ? 1 : 0);
  }
  expect(asked[0]).toEqual(["post", { text: "c0" }, "c0"]);
  const unreachable = vaultApproval(["post"], () => Promise.reject(new Error("no policy")));
  await seven?.generate([[call("c9")], "done"], { post: post() }, { toolApproval: unreachable });
  expect(notes.calls).toHaveLength(1);

  const approval = testVault.requireApproval();
  const forged = vaultApproval(["post"], async () => ({ effect: "allow" }));
  const result = await seven?.generate([[call("c10")], "done"], { post: post() }, { toolApproval: forged });
  expect(result?.steps[0]?.toolResults[0]?.output).toMatchObject({
    ok: false,
    action: { type: "approval_required", approvalId: approval.id },
  });
  expect(notes.calls).toHaveLength(1);
});
