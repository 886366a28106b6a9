import { tracingChannel } from "node:diagnostics_channel";
import { inspect } from "node:util";
import { parseApiKey } from "@alter-vault/protocol";
import { withContext, type AlterVault } from "@alter-vault/sdk";
import { createTestVault, slow, type FakeApi, type TestVault } from "@alter-vault/testing";
import { recordSpans } from "@alter-vault/sdk/record-spans.test-support";
import type { Tool } from "ai";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { AI_VERSIONS } from "./ai-versions.test-support.ts";
import { requireConnections, vaultApproval, vaultNeedsApproval, vaultTool, type VaultOutput } from "./index.ts";

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

describe.each(AI_VERSIONS)("ai $major", ({ major, generate, stream, agent }) => {
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

  test("the agent of the SDK, and a generation within a tool: the ids of what runs them", async () => {
    await testVault.connect("notes");
    await agent([[call("c1")], "done"], { post: post() });
    const outer = {
      ask: {
        description: "Asks another agent.",
        inputSchema: z.object({ text: z.string() }),
        execute: async () => {
          await generate([[call("inner")], "done"], { post: post() });
          return "asked";
        },
      },
    };
    await generate([[call("outer", "ask")], "done"], { ...outer, post: post() });
    await withContext({ runId: "r1", threadId: "t1" }, () =>
      generate([[call("outer", "ask"), call("beside")], "done"], { ...outer, post: post() }),
    );
    const contexts = (await testVault.calls()).map(({ context }) => context);
    expect(contexts).toHaveLength(4);
    const [first, inner, ...given] = contexts;
    expect(first).toMatchObject({ run_id: expect.any(String), tool_call_id: "c1" });
    expect(inner).toMatchObject({ run_id: expect.any(String), tool_call_id: "inner" });
    if (major === 7) expect([first?.["run_id"], inner?.["run_id"]].every((id) => id?.startsWith("call-"))).toBe(true);
    expect(first?.["run_id"]).not.toBe(inner?.["run_id"]);
    for (const context of given) expect(context).toMatchObject({ run_id: "r1", thread_id: "t1" });
    expect(new Set(given.map((context) => context["tool_call_id"]))).toEqual(new Set(["beside", "inner"]));
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

  // Only version 7 gives tools a time.
  test.runIf(major === 7)("a tool whose time is over ends its call within 100 ms", { retry: 2 }, async () => {
    await testVault.connect("notes");
    await generate([[call("warm")]], { post: post() });
    notes.fail(slow());
    const toolMs = 200;
    const startedAt = performance.now();
    const { steps } = await generate([[call(`late-${startedAt}`)]], { post: post() }, { timeout: { toolMs } });
    await vi.waitFor(() => expect(notes.calls.at(-1)?.endedAfterMs).not.toBeNull(), { timeout: 2000, interval: 1 });
    expect(performance.now() - startedAt).toBeLessThan(toolMs + 100);
    expect(steps[0]?.content.map(({ type }) => type)).toContain("tool-error");
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

test.each(AI_VERSIONS)("ai $major: the card to connect is a preliminary part of the UI stream", async ({ ui }) => {
  const outputs: unknown[] = [];
  for await (const part of ui([[call("c1")], "done"], { post: post({ waitForUser: 20_000 }) })) {
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

test.each(AI_VERSIONS)(
  "ai $major: no secret is in telemetry, spans, logs or the UI stream",
  async ({ major, ui, generate }) => {
    const printed: unknown[] = [];
    for (const level of ["log", "info", "warn", "error", "debug"] as const) {
      vi.spyOn(console, level).mockImplementation((...line) => void printed.push(line));
    }
    const told: unknown[] = [];
    const channel = tracingChannel("ai:telemetry");
    const listen = (message: unknown): void => void told.push(message);
    const subscribers = { start: listen, end: listen, asyncStart: listen, asyncEnd: listen, error: listen };
    channel.subscribe(subscribers);
    const spans = recordSpans();
    const logged: unknown[] = [];
    notes.answer(({ headers }) => ({ echoed: headers }));
    const ada = await testVault.signIn("ada");
    await testVault.connect("notes", ada);
    const shared = {
      provider: "notes",
      description: "Posts a note.",
      inputSchema: z.object({ text: z.string() }),
      request: (json: object) => ({ method: "POST", url: "https://api.notes.example/notes", json }) as const,
    };
    const users = testVault.sdk({ logger: { warn: (line) => void logged.push(line) } }).with({ userToken: ada });
    const bound = vaultTool({ vault: users, ...shared });
    const options = {
      toolsContext: { post: { vault: { threadId: "t1" } } },
      experimental_context: { vault: { threadId: "t1" } },
      // Without it, versions 5 and 6 have no spans of their own. With it, theirs hold inputs and outputs of tools.
      experimental_telemetry: { isEnabled: true },
      ...(major === 7 ? { toolApproval: vaultApproval({ post: bound }) } : {}),
    };
    const parts: unknown[] = [];
    const errors: unknown[] = [];
    try {
      for await (const part of ui([[call("c1")], "done"], { post: bound }, options)) parts.push(part);
      parts.push(await generate([[call("c2")], "done"], { post: bound }, options));
      notes.revokeToken();
      parts.push(await generate([[call("c3")], "done"], { post: bound }, options));
      const broken = { ...shared, vault: users, output: () => Promise.reject(new Error("a mistake of the program")) };
      const failing = vaultTool(broken);
      parts.push(await generate([[call("c4")], "done"], { post: failing }, options));
      errors.push(
        await users.request("GET", "https://other.example", { provider: "notes" }).catch((error: unknown) => error),
      );
    } finally {
      channel.unsubscribe(subscribers);
      vi.restoreAllMocks();
    }
    const finished = spans.finished();
    spans.stop();
    const token = String(notes.calls[0]?.headers.authorization).replace("Bearer ", "");
    // What is searched has in it what is to be searched: otherwise the rest says nothing.
    expect(token).toMatch(/^fake-token-/);
    if (major === 7) expect(told.length).toBeGreaterThan(5);
    expect(finished.map(({ name }) => name)).toContain(major === 7 ? "execute_tool post" : "ai.toolCall");
    expect(logged.join()).toContain("clock");
    expect(inspect(parts, { depth: null })).toContain("echoed");
    const all = [told, parts, errors, finished, printed, logged, bound, JSON.stringify([bound, parts]), users];
    const dump = inspect(all, { depth: null, showHidden: true, maxStringLength: null, maxArrayLength: null });
    for (const secret of [token, ada, testVault.apiKey, String(parseApiKey(testVault.apiKey)?.secret)]) {
      expect(dump.includes(secret)).toBe(false);
    }
  },
);

describe("asking the vault before a tool is executed", () => {
  const [, six, seven] = AI_VERSIONS;
  const firstStep = async (version: (typeof AI_VERSIONS)[number] | undefined, id: string, tool = post()) => {
    const tools = { post: tool };
    const more = version === seven ? { toolApproval: vaultApproval(tools) } : {};
    const given = version === six ? { post: { ...tool, needsApproval: vaultNeedsApproval(tool) } } : tools;
    const ids = { vault: { runId: "mine", threadId: "t1" } };
    const context = { toolsContext: { post: ids }, experimental_context: ids };
    const result = await version?.generate([[call(id)], "done"], given, { ...more, ...context });
    return result?.steps[0]?.content;
  };
  const kinds = async (...of: Parameters<typeof firstStep>) => (await firstStep(...of))?.map(({ type }) => type);
  const executed = ["tool-call", "tool-result"];
  const userIsAsked = ["tool-call", "tool-approval-request"];
  /** Version 7 says at once that it was answered: no. */
  const deniedAtOnce = ["tool-call", "tool-approval-request", "tool-approval-response"];

  test.each([
    ["6", six],
    ["7", seven],
  ])(
    "version %s: what is allowed is executed, and where an approval is needed the user is asked",
    async (_, version) => {
      await testVault.connect("notes");
      expect(await kinds(version, "c1")).toEqual(executed);
      const approval = testVault.requireApproval({ provider: "notes" });
      expect(await kinds(version, "c2")).toEqual(userIsAsked);
      expect(notes.calls).toHaveLength(1);
      approval.approve();
      expect(await kinds(version, "c3")).toEqual(executed);
      expect(notes.calls).toHaveLength(2);
    },
  );

  test.each([
    ["6", six, executed, '"code":"policy_denied"'],
    ["7", seven, deniedAtOnce, '"approved":false,"reason":"refused for a test"'],
  ])("version %s: what the vault refuses calls nobody, and says why", async (_, version, expected, said) => {
    await testVault.connect("notes");
    testVault.refuse("policy_denied", { provider: "notes" });
    const content = await firstStep(version, "c1");
    expect(content?.map(({ type }) => type)).toEqual(expected);
    expect(JSON.stringify(content)).toContain(said);
    expect(notes.calls).toEqual([]);
  });

  test.each([
    ["6", six],
    ["7", seven],
  ])("version %s: nobody is connected: the tool runs, and shows the card to connect", async (_, version) => {
    expect(await kinds(version, "c1")).toEqual(executed);
    expect(notes.calls).toEqual([]);
    expect((await testVault.calls()).at(-1)).toMatchObject({ decision: "deny", code: "grant_not_found" });
  });

  test.each([
    ["6", six],
    ["7", seven],
  ])("version %s: when the vault cannot be asked, or the request cannot be made, the user is", async (_, version) => {
    await testVault.connect("notes");
    const away = testVault.sdk({ baseUrl: "http://127.0.0.1:9", timeout: 2000 });
    const shared = { provider: "notes", description: "d", inputSchema: z.object({ text: z.string() }) };
    const request = () => ({ method: "POST", url: "https://api.notes.example/notes" }) as const;
    expect(await kinds(version, "c1", vaultTool({ ...shared, vault: away, request }))).toEqual(userIsAsked);
    const broken = (): never => {
      throw new Error("a mistake of the program");
    };
    expect(await kinds(version, "c2", vaultTool({ ...shared, vault, request: broken }))).toEqual(userIsAsked);
    expect(notes.calls).toEqual([]);
  });

  test("a tool whose calls nobody knows beforehand, and one of somebody else, are left alone", async () => {
    const execute = async (): Promise<string> => "done";
    const shared = { vault, provider: "notes", description: "d", inputSchema: z.object({ text: z.string() }) };
    const own = vaultTool({ ...shared, execute });
    expect(Object.keys(vaultApproval({ post: post(), other: { description: "d" } }))).toEqual(["post"]);
    testVault.requireApproval();
    expect(await kinds(seven, "c1", own as never)).toEqual(executed);
    expect(await vaultNeedsApproval(own)({}, { toolCallId: "c1" })).toBe(false);
    expect(() => vaultNeedsApproval({ ...own })).toThrow("the very tool");
  });

  test("what is asked carries the ids of the call, and counts as none", async () => {
    await testVault.connect("notes");
    const seen: { path: string; context: unknown; call: string | null }[] = [];
    const fetching: typeof fetch = (input, init) => {
      const headers = new Headers(init?.headers);
      const { pathname: path } = new URL(input instanceof Request ? input.url : input);
      seen.push({
        path,
        context: JSON.parse(headers.get("alter-context") ?? "null"),
        call: headers.get("alter-call"),
      });
      return fetch(input, init);
    };
    vault = testVault.sdk({ fetch: fetching });
    // It learns what time it is for the vault.
    await vault.whoami();
    seen.length = 0;
    expect(await kinds(seven, "c1")).toEqual(executed);
    expect(seen).toMatchObject([
      { path: "/v1/preview", context: { run_id: "mine", thread_id: "t1", tool_call_id: "c1" }, call: null },
      { path: "/v1/request", context: { run_id: "mine", thread_id: "t1", tool_call_id: "c1" }, call: "0" },
    ]);
  });
});
