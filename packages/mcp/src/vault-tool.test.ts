import { inspect } from "node:util";
import { type AlterVault, withContext } from "@alter-vault/sdk";
import { recordSpans } from "@alter-vault/sdk/record-spans.test-support";
import { createTestVault, slow, type FakeApi, type TestVault } from "@alter-vault/testing";
import { generateText, tool } from "ai";
import { MockLanguageModelV4 } from "ai/test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { IDS_IN_META, vaultIdsFetch, vaultIdsHeaders, vaultTool } from "./index.ts";
import { PAIRS, startMcpServers, type CallResult, type McpServers } from "./mcp-servers.test-support.ts";

/* Servers and clients of both versions of the SDK over HTTP, with a real vault. */
let testVault: TestVault;
let vault: AlterVault;
let notes: FakeApi;
let servers: McpServers;
let ada: string;
beforeEach(async () => {
  testVault = await createTestVault();
  vault = testVault.sdk({ caller: "notes-mcp" });
  notes = await testVault.provider("notes", {
    answer: ({ body }) => ({ posted: JSON.parse(body || "null") as unknown }),
  });
  ada = await testVault.signIn("ada");
  servers = await startMcpServers({
    vault,
    provider: "notes",
    name: "post",
    description: "Posts a note.",
    inputSchema: z.object({ text: z.string() }) as never,
    request: (json) => ({ method: "POST", url: "https://api.notes.example/notes", json }),
    waitForUser: 5000,
  });
});
afterEach(async () => {
  await servers.close();
  await testVault.stop();
});

const textOf = (result: CallResult): unknown => JSON.parse(result.content?.[0]?.text ?? "null");
const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

describe.each(Object.entries(PAIRS))("%s", (pair, { era, connect }) => {
  test("calls are for the user, and the audit log has the ids that the client says", async () => {
    await testVault.connect("notes", ada);
    const call = await connect(servers, { token: ada });
    const meta = {
      [IDS_IN_META.runId]: "run-1",
      [IDS_IN_META.threadId]: "thread-1",
      [IDS_IN_META.toolCallId]: "call-1",
    };
    expect(textOf(await call("one", meta))).toEqual({ posted: { text: "one" } });
    await call("one", meta);
    await call("two", { traceparent });
    expect(notes.calls).toHaveLength(2);
    const entries = await testVault.calls();
    expect(entries[0]).toMatchObject({
      principal_type: "user",
      caller: { identifier: "notes-mcp", framework: "mcp" },
      context: {
        run_id: "run-1",
        thread_id: "thread-1",
        tool_call_id: "call-1",
        tool: "post",
        mcp_client_id: "fake-client",
      },
    });
    expect(entries[1]).toMatchObject({ outcome: "done" });
    expect(entries[2]?.context).toMatchObject({ run_id: "4bf92f3577b34da6a3ce929d0e0e4736", traceparent });
    expect(inspect(notes.calls, { depth: null })).not.toContain("traceparent");
  });

  test("with no id given, there is a run id all the same, and the session of servers that have one is the thread", async () => {
    await testVault.connect("notes", ada);
    await (
      await connect(servers, { token: ada })
    )("one");
    const [entry] = await testVault.calls();
    expect(entry?.context).toMatchObject({ run_id: expect.stringMatching(/^[0-9a-f-]{36}$/), tool: "post" });
    const session = pair === "server v1, client v1" ? expect.stringMatching(/^[0-9a-f-]{36}$/) : undefined;
    expect(entry?.context["thread_id"]).toEqual(session);
    expect(entry?.context["mcp_session_id"]).toBe(entry?.context["thread_id"]);
  });

  test("nobody is connected: a client that opens links is asked to, in the way of its protocol", async () => {
    const links: string[] = [];
    const onLink = async (url: string): Promise<"accept"> => {
      links.push(url);
      await testVault.connect("notes", ada);
      return "accept";
    };
    const call = await connect(servers, { token: ada, onLink });
    if (era === "2026") {
      expect(textOf(await call("one"))).toEqual({ posted: { text: "one" } });
      expect(links).toEqual([expect.stringContaining(testVault.url)]);
      expect(notes.calls).toHaveLength(1);
    } else {
      const url = expect.stringContaining(testVault.url) as string;
      await expect(call("one")).rejects.toMatchObject({
        code: -32042,
        data: { elicitations: [{ mode: "url", url, message: "The user must connect the notes account first." }] },
      });
      expect(notes.calls).toEqual([]);
    }
  });

  test("that a user opened a link is not believed, and a no is taken at its word", async () => {
    if (era !== "2026") return;
    let asked = 0;
    const onLink = (): "accept" | "decline" => (++asked === 1 ? "accept" : "decline");
    const call = await connect(servers, { token: ada, onLink });
    const answer = await call("one");
    expect(asked).toBe(2);
    expect(answer.isError).toBe(true);
    expect(textOf(answer)).toMatchObject({ error: "grant_not_found" });
    expect(notes.calls).toEqual([]);
  }, 20_000);

  test("a client that opens no links gets one short result with the link", async () => {
    const answer = await (
      await connect(servers, { token: ada })
    )("one").catch((error: unknown) => error as { data: unknown });
    if ("data" in answer) expect(answer.data).toMatchObject({ elicitations: [{ mode: "url" }] });
    else {
      expect(answer.isError).toBe(true);
      expect(textOf(answer)).toMatchObject({
        error: "grant_not_found",
        fix: "The user must connect the notes account first.",
        url: expect.stringContaining(testVault.url),
      });
      expect(answer.content?.[0]?.text).not.toMatch(/\n|\bat \w+ \(/);
    }
    expect(notes.calls).toEqual([]);
  });

  test("neither token goes where it does not belong, nor into spans, logs, or what is printed", async () => {
    const printed: unknown[] = [];
    for (const level of ["log", "info", "warn", "error", "debug"] as const) {
      vi.spyOn(console, level).mockImplementation((...line) => void printed.push(line));
    }
    const spans = recordSpans();
    notes.answer(({ headers }) => ({ echoed: headers }));
    await testVault.connect("notes", ada);
    const answer = await (await connect(servers, { token: ada }))("one");
    const token = String(notes.calls[0]?.headers.authorization).replace("Bearer ", "");
    expect(token).toMatch(/^fake-token-/);
    expect(inspect(notes.calls, { depth: null })).not.toContain(ada);
    expect(inspect(answer, { depth: null })).toContain("echoed");
    vi.restoreAllMocks();
    const finished = spans.finished();
    spans.stop();
    expect(finished).toMatchObject([{ name: "execute_tool post" }]);
    const dump = inspect([answer, finished, printed, vault, servers], {
      depth: null,
      showHidden: true,
      maxStringLength: null,
    });
    for (const secret of [token, ada, testVault.apiKey, String(testVault.apiKey.split("_").at(-1))]) {
      expect(dump.includes(secret)).toBe(false);
    }
    const refused = await (await connect(servers, { token: "fake.fake.fake" }))("two");
    expect(textOf(refused)).toMatchObject({ error: "user_token_invalid" });
    expect(inspect(refused, { depth: null })).not.toContain("fake.fake.fake");
    expect(notes.calls).toHaveLength(1);
    expect((await vault.listAudit()).entries[0]).toMatchObject({ decision: "deny", code: "user_token_invalid" });
  });

  test("a call that is cancelled ends at the provider within 100 ms", { retry: 2 }, async () => {
    // This client says so in another request, of which a server without sessions does not know what it belongs to.
    if (pair === "server v2, client v1") return;
    await testVault.connect("notes", ada);
    const call = await connect(servers, { token: ada });
    const before = notes.calls.length;
    notes.fail(slow());
    const controller = new AbortController();
    const running = call("one", undefined, controller.signal);
    running.catch(() => undefined);
    await vi.waitFor(() => expect(notes.calls).toHaveLength(before + 1), { timeout: 5000, interval: 2 });
    const abortedAt = performance.now();
    controller.abort();
    await vi.waitFor(() => expect(notes.calls.at(-1)?.endedAfterMs).not.toBeNull(), { timeout: 2000, interval: 1 });
    expect(performance.now() - abortedAt).toBeLessThan(100);
  });
});

describe("ids on the way out", () => {
  test("a client's fetch carries those of the scope, and a server reads them", async () => {
    await testVault.connect("notes", ada);
    const seen: Headers[] = [];
    const fetching = vaultIdsFetch(async (_input, init) => {
      seen.push(new Headers(init?.headers));
      return new Response();
    });
    await withContext({ runId: "r1", threadId: "t1", toolCallId: "c1" }, () => fetching("http://127.0.0.1/"));
    await withContext({ threadId: "a\u00e4" }, () =>
      fetching(new Request("http://127.0.0.1/", { headers: { "x-own": "1" } })),
    );
    const headers = Object.fromEntries(seen[0] ?? []);
    expect(headers).toEqual({ "x-vault-run-id": "r1", "x-vault-thread-id": "t1", "x-vault-tool-call-id": "c1" });
    expect(Object.fromEntries(seen[1] ?? [])).toEqual({ "x-own": "1" });
    const call = await PAIRS["server v2, client v1"]?.connect(servers, { token: ada, headers });
    await call?.("one");
    expect((await testVault.calls())[0]?.context).toMatchObject({ run_id: "r1", thread_id: "t1", tool_call_id: "c1" });
  });

  test("version 7 of the AI SDK says its own", async () => {
    const seen: Headers[] = [];
    const fetching = vaultIdsFetch(async (_input, init) => {
      seen.push(new Headers(init?.headers));
      return new Response();
    });
    const usage = { inputTokens: { total: 1 }, outputTokens: { total: 1 } };
    const model = new MockLanguageModelV4({
      doGenerate: {
        content: [{ type: "tool-call", toolCallId: "c1", toolName: "ask", input: "{}" }],
        finishReason: { unified: "tool-calls", raw: "tool-calls" },
        usage,
        warnings: [],
      } as never,
    });
    const ask = tool({ inputSchema: z.object({}), execute: async () => (await fetching("http://127.0.0.1/")).status });
    await generateText({ model, prompt: "go", tools: { ask } });
    expect(seen[0]?.get("x-vault-run-id")).toMatch(/^call-/);
    expect(seen[0]?.get("x-vault-tool-call-id")).toBe("c1");
  });

  test("LangChain's config has them", () => {
    const config = { configurable: { vault_run_id: "r1", thread_id: "t1" }, toolCall: { id: "c1" } };
    const all = { "x-vault-run-id": "r1", "x-vault-thread-id": "t1", "x-vault-tool-call-id": "c1" };
    expect(vaultIdsHeaders(config)).toEqual(all);
    expect(withContext({ runId: "r2" }, () => vaultIdsHeaders(undefined))).toEqual({ "x-vault-run-id": "r2" });
  });
});

test("a tool of several calls, for the app itself", async () => {
  await testVault.connect("notes");
  const both = vaultTool({
    vault,
    name: "both",
    description: "d",
    inputSchema: z.object({ text: z.string() }),
    userToken: false,
    execute: async ({ text }, { vault: bound }) => {
      for (const n of [1, 2])
        await bound.request("POST", "https://api.notes.example", { provider: "notes", json: { text, n } });
      return "posted";
    },
  });
  const request = { authInfo: { token: ada }, requestId: 1, _meta: {} };
  expect(await both.handle({ text: "x" }, request)).toEqual({ content: [{ type: "text", text: "posted" }] });
  expect(notes.calls.map(({ body }) => body)).toEqual(['{"text":"x","n":1}', '{"text":"x","n":2}']);
  expect((await testVault.calls())[0]).toMatchObject({ principal_type: "system" });
  expect(() => vaultTool({ vault, name: "n", description: "d", inputSchema: z.object({}) } as never)).toThrow("either");
});
