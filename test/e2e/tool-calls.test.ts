import type { ServerResponse } from "node:http";
import { readFileSync, readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { encodeJsonHeader } from "@alter-vault/protocol";
import { withContext } from "@alter-vault/sdk";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { rawCall, withHeaders, type RawAnswer } from "../harness/raw-call.ts";
import { startUpstream, type Upstream } from "../harness/upstream.ts";
import { startTestVault, type TestVault } from "../harness/vault.ts";
import { onPostgres } from "../harness/test-storage.ts";
import { startVaultProcess } from "../harness/vault-process.ts";

/*
 * Calls of tools, each made once. The upstream counts its effects: whatever happens, one call of a tool call has at most
 * one of them.
 */
const TOKEN = "fake-token-tool-calls-0123456789";
let vault: TestVault;
let upstream: Upstream;
let grant: string;
let otherGrant: string;
let answer: (response: ServerResponse) => unknown;
let threads = 0;
let thread: string;

beforeAll(async () => {
  upstream = await startUpstream((_call, response) => answer(response));
  vault = await startTestVault();
  grant = await vault.bearer(TOKEN, [upstream.origin]);
  otherGrant = await vault.bearer(TOKEN, [upstream.origin], "other");
});
afterAll(async () => {
  await vault.stop();
  await upstream.close();
});
afterEach(() => {
  upstream.calls.length = 0;
  reset();
});
function reset(): void {
  thread = `thread-${++threads}`;
  answer = (response) =>
    response
      .writeHead(201, { "content-type": "application/json", "x-made": "1" })
      .end(`{"made":${upstream.calls.length}}`);
}
reset();

interface Given {
  readonly index?: string;
  readonly context?: Record<string, string>;
  readonly alter?: Record<string, string>;
  readonly body?: string;
  readonly grantId?: string;
  readonly path?: string;
}

function post({
  index = "0",
  context,
  alter,
  body = "fake body",
  grantId = grant,
  path = "/",
}: Given = {}): Promise<RawAnswer> {
  return rawCall(vault.url, vault.apiKey, {
    alter: {
      "alter-method": "POST",
      "alter-target": `${upstream.origin}${path}`,
      "alter-grant": grantId,
      "alter-call": index,
      "alter-context": encodeJsonHeader({ run_id: "r", thread_id: thread, tool_call_id: "tc", ...context }),
      ...alter,
    },
    body,
  });
}

async function expectRefused(refused: RawAnswer, code: string, effects: number): Promise<void> {
  expect(refused.problem?.code).toBe(code);
  expect(upstream.calls).toHaveLength(effects);
  expect(await vault.lastEntry()).toMatchObject({
    entry_id: refused.problem?.request_id,
    decision: "allow",
    outcome: "vault_error",
    outcome_code: code,
  });
}

describe("the same call of a tool call, again", () => {
  test("the recorded answer comes back", async () => {
    const first = await post();
    const second = await post();
    expect(upstream.calls).toHaveLength(1);
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(first.body.toString()).toBe('{"made":1}');
    expect(second.body).toEqual(first.body);
    expect(second.headers).toMatchObject({
      "x-made": "1",
      "content-type": "application/json",
      "alter-outcome": "provider",
    });
    expect(first.headers).not.toHaveProperty("alter-replayed");
    expect(second.headers["alter-replayed"]).toBe("true");
    expect(second.headers["alter-request-id"]).not.toBe(first.headers["alter-request-id"]);
    expect(await vault.lastEntry()).toMatchObject({
      entry_id: second.headers["alter-request-id"],
      decision: "allow",
      outcome: "done",
      status: 201,
    });
  });

  test("also after a restart of the vault", async () => {
    await post();
    await vault.restart();
    expect((await post()).headers["alter-replayed"]).toBe("true");
    expect(upstream.calls).toHaveLength(1);
  });

  test.each<[string, Given]>([
    ["another number", { index: "1" }],
    ["another tool call", { context: { tool_call_id: "other" } }],
    ["another thread", { context: { thread_id: "other" } }],
    ["another place in the graph", { context: { checkpoint_ns: "tools:2" } }],
  ])("%s is another call", async (_, other) => {
    await post();
    await post(other);
    expect(upstream.calls).toHaveLength(2);
  });

  test("another app with the same ids has calls of its own", async () => {
    await post();
    const app = await vault.operator.call("createApp", { body: { name: `another ${threads}` } });
    const key = await rawCall(vault.url, vault.apiKey, {
      path: "/v1/keys",
      body: JSON.stringify({ name: "k" }),
      alter: { "alter-app": app.app_id },
    });
    const { api_key: theirKey } = JSON.parse(key.body.toString()) as { api_key: string };
    const theirs = await rawCall(vault.url, theirKey, {
      alter: {
        "alter-method": "POST",
        "alter-target": upstream.origin,
        "alter-grant": grant,
        "alter-call": "0",
        "alter-context": encodeJsonHeader({ thread_id: thread, tool_call_id: "tc" }),
      },
      body: "fake body",
    });
    expect(theirs.problem?.code).toBe("grant_not_found");
    expect(upstream.calls).toHaveLength(1);
  });

  test.each<[string, Given]>([
    ["body", { body: "another body" }],
    ["target", { path: "/other" }],
    ["method", { alter: { "alter-method": "PUT" } }],
    ["parameters", { alter: { "alter-params": encodeJsonHeader({ query: [["a", "b"]] }) } }],
  ])("with another %s it is refused", async (_, other) => {
    await post();
    await expectRefused(await post(other), "tool_call_mismatch", 1);
    expect((await post()).headers["alter-replayed"]).toBe("true");
  });

  test("with another grant it is refused: an answer is for who may make the call", async () => {
    await post();
    await expectRefused(await post({ grantId: otherGrant }), "tool_call_mismatch", 1);
  });

  test("a form has other bytes each time, and is the same call", async () => {
    const form = (boundary: string): Given => ({
      body: `--${boundary}`,
      alter: withHeaders(["content-type", `multipart/form-data; boundary=${boundary}`]),
    });
    await post(form("one"));
    expect((await post(form("two"))).headers["alter-replayed"]).toBe("true");
  });

  test.each(["-1", "01", "1.5", "x", "", "1000000"])("alter-call %j is refused, and nothing is sent", async (index) => {
    await expectRefused(await post({ index }), "invalid_request", 0);
  });

  test("without a thread it is refused, and nothing is sent", async () => {
    await expectRefused(await post({ context: { thread_id: "" } }), "invalid_request", 0);
  });
});

describe("what is remembered", () => {
  test.each([400, 401, 403, 404, 409, 422, 429, 503])(
    "%i says that nothing was done: it is made again",
    async (status) => {
      const fine = answer;
      answer = (response) => response.writeHead(status).end("no");
      expect((await post()).status).toBe(status);
      answer = fine;
      expect((await post()).status).toBe(201);
      expect(upstream.calls).toHaveLength(2);
    },
  );

  test.each([200, 204, 303, 500, 502])("%i is not made again", async (status) => {
    answer = (response) => response.writeHead(status).end();
    await post({ alter: { "alter-redirect": "manual" } });
    const again = await post({ alter: { "alter-redirect": "manual" } });
    expect(again.status).toBe(status);
    expect(again.headers["alter-replayed"]).toBe("true");
    expect(upstream.calls).toHaveLength(1);
  });

  test("an answer over the limit goes through whole, and is not made again", async () => {
    answer = (response) => response.end(Buffer.alloc(3_000_000, "x"));
    expect((await post()).body).toHaveLength(3_000_000);
    await expectRefused(await post(), "tool_call_done", 1);
  });

  test("a stream of events comes as it is sent, and is not made again", async () => {
    answer = (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: 1\n\n");
      setTimeout(() => response.end("data: 2\n\n"), 20);
    };
    expect((await post()).body.toString()).toBe("data: 1\n\ndata: 2\n\n");
    await expectRefused(await post(), "tool_call_done", 1);
  });

  test("a provider that is not there was not called", async () => {
    const gone = await startUpstream();
    const lost = await vault.bearer(TOKEN, [gone.origin]);
    await gone.close();
    const call: Given = { grantId: lost, alter: { "alter-target": gone.origin } };
    expect((await post(call)).problem?.code).toBe("upstream_unreachable");
    expect((await post(call)).problem?.code).toBe("upstream_unreachable");
  });

  test("a provider that breaks off leaves the outcome unknown", async () => {
    answer = (response) => response.destroy();
    expect((await post()).problem?.code).toBe("upstream_unreachable");
    reset_answer();
    await expectRefused(await post(), "tool_call_outcome_unknown", 1);
  });

  test("a caller who leaves leaves the outcome unknown", async () => {
    answer = () => undefined;
    const leave = new AbortController();
    const sdk = vault.sdk();
    const calling = withContext({ threadId: thread, toolCallId: "tc" }, () =>
      sdk.request("POST", upstream.origin, { grantId: grant, body: "fake body", signal: leave.signal }),
    );
    calling.catch(() => undefined);
    while (upstream.calls.length === 0) await sleep(5);
    leave.abort();
    await expect(calling).rejects.toThrow();
    expect(await vault.lastEntry()).toMatchObject({ outcome: "client_closed" });
    reset_answer();
    await expect(
      withContext({ threadId: thread, toolCallId: "tc" }, () =>
        sdk.request("POST", upstream.origin, { grantId: grant, body: "fake body" }),
      ),
    ).rejects.toMatchObject({ code: "tool_call_outcome_unknown", retryable: false });
    expect(upstream.calls).toHaveLength(1);
  });

  test("recorded answers are sealed", async () => {
    const mark = "fake-answer-that-is-nowhere";
    answer = (response) => response.end(mark);
    await post();
    if (onPostgres) {
      const kept = await vault.query<{ text: string }>(
        "SELECT encode(sealed, 'escape') AS text FROM tool_call_answers",
      );
      expect(kept).not.toEqual([]);
      for (const { text } of kept) expect(text).not.toContain(mark);
      return;
    }
    const files = readdirSync(vault.dataDir).filter((name) => name.startsWith("vault.db"));
    expect(files).not.toEqual([]);
    for (const name of files) expect(readFileSync(`${vault.dataDir}/${name}`).includes(mark), name).toBe(false);
  });

  test("recorded answers open after the keys were rotated", async () => {
    await post();
    await vault.operator.call("rotateKeyring", {});
    expect((await post()).body.toString()).toBe('{"made":1}');
  });

  function reset_answer(): void {
    answer = (response) => response.writeHead(201).end("again");
  }
});

test("many at once have one effect", async () => {
  answer = async (response) => {
    await sleep(100);
    response.end("made");
  };
  const answers = await Promise.all(Array.from({ length: 12 }, () => post()));
  // Whoever comes when it is done gets the recorded answer.
  const made = answers.filter(({ status, headers }) => status === 200 && headers["alter-replayed"] === undefined);
  const others = answers.filter(({ status }) => status !== 200);
  expect(upstream.calls).toHaveLength(1);
  expect(made).toHaveLength(1);
  expect(others).not.toEqual([]);
  for (const { problem } of others) expect(problem).toMatchObject({ code: "tool_call_in_progress", retryable: true });
  expect((await post()).body.toString()).toBe("made");
});

test("killed between claim and outcome: unknown, and not made again", { timeout: 60_000 }, async () => {
  answer = () => undefined;
  const process = await startVaultProcess();
  try {
    const grantId = await process.bearer(TOKEN, upstream.origin);
    const call = (): Promise<RawAnswer> =>
      rawCall(process.url, process.apiKey, {
        alter: {
          "alter-method": "POST",
          "alter-target": upstream.origin,
          "alter-grant": grantId,
          "alter-call": "0",
          "alter-context": encodeJsonHeader({ thread_id: "t", tool_call_id: "tc" }),
        },
        body: "fake body",
      });
    const calling = call().catch(() => null);
    while (upstream.calls.length === 0) await sleep(5);
    await process.kill();
    expect(await calling).toBeNull();
    await process.start();
    answer = (response) => response.end("again");
    // On storage that others share it is told once nothing was heard of its process for ten seconds.
    await expect
      .poll(async () => (await call()).problem, { timeout: 20_000, interval: 500 })
      .toMatchObject({ code: "tool_call_outcome_unknown", retryable: false });
    expect(upstream.calls).toHaveLength(1);
    const { problem } = await call();
    expect(upstream.calls).toHaveLength(1);
    const path = `/v1/audit/${problem?.request_id}`;
    const entry = await rawCall(process.url, process.apiKey, { method: "GET", path });
    expect(JSON.parse(entry.body.toString())).toMatchObject({
      outcome: "vault_error",
      outcome_code: "tool_call_outcome_unknown",
    });
  } finally {
    await process.stop();
  }
});
