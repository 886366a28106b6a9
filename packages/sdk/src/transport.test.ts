import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { makeProblem } from "@alter-vault/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { AlterSDKError } from "./alter-sdk-error.ts";
import { AlterVault } from "./alter-vault.ts";
import { AlterValueError, BackendError, NetworkError, PolicyViolationError, TimeoutError } from "./errors.ts";
import {
  FAKE_API_KEY,
  GRANT_ID,
  readAll,
  sendProblem,
  sendProvider,
  startFakeVault,
  type FakeVault,
  type Handler,
} from "./fake-vault.test-support.ts";
import type { AlterVaultOptions } from "./vault-options.ts";

const URL_ = "https://api.example.com/v1/items";
let server: FakeVault;

beforeAll(async () => {
  server = await startFakeVault();
});
afterAll(() => server.close());
beforeEach(() => {
  server.seen.length = 0;
  server.skewSeconds = 0;
  server.breaks = 0;
  server.broken.length = 0;
  server.turnsAway = 0;
  server.streamBodies = false;
  server.answer(ok);
});

const ok: Handler = (_, response) => sendProvider(response, 200, {}, "done");
const refuse = (...args: Parameters<typeof makeProblem>): Handler => {
  return (_, response) => sendProblem(response, makeProblem(...args), { "retry-after": "0" });
};

function newVault(options: Partial<AlterVaultOptions> = {}): AlterVault {
  return new AlterVault({ apiKey: FAKE_API_KEY, baseUrl: server.url, ...options });
}

function get(vault: AlterVault, options: object = {}): Promise<Response> {
  return vault.request(GRANT_ID, "GET", URL_, options);
}

describe("a clock that is off", () => {
  test.each([-3600, 3600])("by %i seconds is corrected by the vault's, and stays so", async (skew) => {
    const warnings: string[] = [];
    const vault = newVault({ logger: { warn: (message) => void warnings.push(message) } });
    server.skewSeconds = skew;
    expect((await get(vault)).status).toBe(200);
    expect((await get(vault)).status).toBe(200);
    expect(server.seen).toHaveLength(2);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/clock of this machine is -?3\d{3} s off/);
  });

  test("is corrected once per call, not for ever", async () => {
    server.answer(refuse("clock_skew", "off", { server_time: 1 }), refuse("clock_skew", "off", { server_time: 2 }));
    await expect(get(newVault())).rejects.toMatchObject({ code: "clock_skew" });
  });

  test("with a streamed body the call fails, and the next one is right", async () => {
    const vault = newVault();
    server.skewSeconds = 3600;
    const body = new Blob(["x"]).stream();
    await expect(vault.request(GRANT_ID, "POST", URL_, { body })).rejects.toMatchObject({ code: "clock_skew" });
    expect((await vault.request(GRANT_ID, "POST", URL_, { body: new Blob(["x"]).stream() })).status).toBe(200);
  });
});

describe("a vault without room", () => {
  test.each(["overloaded", "shutting_down"] as const)("%s is tried again, signed anew", async (code) => {
    server.answer(refuse(code, "later"), refuse(code, "later"), ok);
    expect(await (await get(newVault())).text()).toBe("done");
    expect(new Set(server.seen.map(({ headers }) => headers["signature-input"])).size).toBe(3);
  });

  test("three times no is a no", async () => {
    server.answer(refuse("overloaded", "later"));
    await expect(get(newVault())).rejects.toMatchObject({ code: "overloaded", retryable: true });
    expect(server.seen).toHaveLength(3);
  });

  test("its retry-after is waited for", async () => {
    server.answer(
      (_, response) => sendProblem(response, makeProblem("overloaded", "later"), { "retry-after": "1" }),
      ok,
    );
    const before = performance.now();
    await get(newVault());
    expect(performance.now() - before).toBeGreaterThan(990);
  });

  test.each([
    ["longer than the SDK waits", "60", 30_000],
    ["longer than the call may take", "2", 300],
  ])("a retry-after %s is left to the caller", async (_name, retryAfter, timeout) => {
    server.answer((_, response) =>
      sendProblem(response, makeProblem("overloaded", "later"), { "retry-after": retryAfter }),
    );
    await expect(get(newVault({ timeout }))).rejects.toMatchObject({ code: "overloaded" });
    expect(server.seen).toHaveLength(1);
  });

  test("a streamed body is not sent twice", async () => {
    server.answer(refuse("overloaded", "later"), ok);
    const call = newVault().request(GRANT_ID, "POST", URL_, { body: new Blob(["x"]).stream() });
    await expect(call).rejects.toMatchObject({ code: "overloaded" });
    expect(server.seen).toHaveLength(1);
  });

  test.each([
    "storage_unavailable",
    "audit_unavailable",
    "upstream_timeout",
    "rate_limited",
    "token_refresh_in_progress",
  ] as const)("%s is not tried again", async (code) => {
    server.answer(refuse(code, "no"), ok);
    await expect(get(newVault())).rejects.toMatchObject({ code, retryable: true });
    expect(server.seen).toHaveLength(1);
  });

  test("an abort ends the waiting", async () => {
    server.answer((_, response) => sendProblem(response, makeProblem("overloaded", "later"), { "retry-after": "5" }));
    const controller = new AbortController();
    const call = get(newVault(), { signal: controller.signal });
    setTimeout(() => controller.abort(new Error("stopped")), 50);
    await expect(call).rejects.toThrow("stopped");
  });
});

describe("refusals", () => {
  test("carry what the vault said", async () => {
    server.answer((_, response) =>
      sendProblem(response, makeProblem("policy_denied", "not now", { policy_error: "office hours", rule_id: "r" }), {
        "alter-request-id": "fake-id",
      }),
    );
    const error: unknown = await get(newVault()).catch((reason: unknown) => reason);
    if (!PolicyViolationError.is(error)) throw error;
    expect(error).toMatchObject({
      code: "policy_denied",
      policyError: "office hours",
      ruleId: "r",
      requestId: "fake-id",
    });
    expect(error.grantId).toBe(GRANT_ID);
  });

  test("tell when to come back", async () => {
    server.answer((_, response) => sendProblem(response, makeProblem("rate_limited", "slow"), { "retry-after": "7" }));
    await expect(get(newVault())).rejects.toMatchObject({ retryable: true, details: { retry_after_seconds: 7 } });
  });

  test("with a code of a newer vault are BackendErrors that say so", async () => {
    const problem = { ...makeProblem("internal", "no moon tonight"), code: "moon_missing", retryable: true };
    server.answer((_, response) => {
      response.writeHead(403, { "content-type": "application/problem+json", "alter-outcome": "vault" });
      response.end(JSON.stringify(problem));
    });
    const error: unknown = await get(newVault()).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(BackendError);
    expect(error).toMatchObject({ code: "internal", retryable: true, details: { code: "moon_missing" } });
    expect((error as Error).message).toMatch(/no moon tonight\. Update/);
  });
});

describe("answers that are not the vault's", () => {
  test.each<[string, number, Record<string, string>, string]>([
    ["a proxy's page", 502, { "content-type": "text/html" }, "<h1>Bad Gateway</h1>"],
    ["another server", 200, { "content-type": "application/json" }, "{}"],
    ["a redirect", 302, { location: "http://127.0.0.1:1/" }, ""],
    ["somebody else's problem", 403, { "content-type": "application/problem+json" }, '{"title":"no"}'],
    ["an outcome that does not exist", 200, { "alter-outcome": "other" }, ""],
    ["the vault's own answer where the provider's belongs", 200, { "alter-outcome": "vault" }, "{}"],
  ])("%s", async (_name, status, headers, body) => {
    server.answer((_, response) => response.writeHead(status, headers).end(body) && undefined);
    const error: unknown = await get(newVault()).catch((reason: unknown) => reason);
    if (!BackendError.is(error)) throw error;
    expect(error.code).toBe("internal");
    expect(error.message).toMatch(
      new RegExp(`^What answered at ${server.url} \\(HTTP ${status}, .*\\) is not the vault`),
    );
    expect(server.seen).toHaveLength(1);
  });
});

describe("no answer", () => {
  test("nobody listens", async () => {
    const probe = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => probe.once("listening", resolve));
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    const error: unknown = await get(newVault({ baseUrl: `http://127.0.0.1:${port}` })).catch(
      (reason: unknown) => reason,
    );
    if (!NetworkError.is(error)) throw error;
    expect(error).toMatchObject({ code: "network_error", retryable: true });
    expect(error.message).toBe(`Cannot reach the vault at http://127.0.0.1:${port} (ECONNREFUSED).`);
  });

  test("the connection breaks: the very same signed request is sent again", async () => {
    server.breaks = 2;
    expect(await (await get(newVault())).text()).toBe("done");
    expect(server.broken).toEqual(Array(2).fill(server.seen[0]?.headers["signature"]));
    expect(server.seen).toHaveLength(1);
  });

  test("the connection breaks again and again", async () => {
    server.breaks = 10;
    await expect(get(newVault())).rejects.toBeInstanceOf(NetworkError);
    expect([server.broken.length, server.seen.length]).toEqual([3, 0]);
  });

  test("the connection breaks after the vault had the request: it is not done again, and nobody knows", async () => {
    server.answer((_, response) => void response.destroy(), ok);
    await expect(get(newVault())).rejects.toMatchObject({ code: "network_error" });
    expect(server.seen).toHaveLength(1);
  });

  test.each([
    ["has no room", () => void (server.turnsAway = 1)],
    ["has no room, again and again", () => void (server.turnsAway = 10)],
    ["finds it too old", () => void (server.skewSeconds = 3600)],
  ])("the vault had the request, and then %s: it is not signed anew, because nobody knows", async (_name, change) => {
    server.answer((_, response) => {
      change();
      response.destroy();
    }, ok);
    await expect(get(newVault())).rejects.toMatchObject({ code: "network_error" });
    expect(server.seen).toHaveLength(1);
  });

  test("the connection breaks, and then there is no room: the very same signed request is sent once more", async () => {
    server.breaks = 1;
    server.turnsAway = 1;
    expect(await (await get(newVault())).text()).toBe("done");
    expect(server.broken).toEqual([server.seen[0]?.headers["signature"]]);
  });

  test("another refusal of the second is told as it is", async () => {
    server.breaks = 1;
    server.answer(refuse("policy_denied", "no"));
    await expect(get(newVault())).rejects.toMatchObject({ code: "policy_denied" });
  });

  test("the connection breaks, and a streamed body cannot be sent again", async () => {
    server.breaks = 1;
    let tries = 0;
    const counted: typeof fetch = (...given) => {
      tries++;
      return fetch(...given);
    };
    const call = newVault({ fetch: counted }).request(GRANT_ID, "POST", URL_, { body: new Blob(["x"]).stream() });
    await expect(call).rejects.toBeInstanceOf(NetworkError);
    expect([tries, server.seen.length]).toEqual([1, 0]);
  });

  test("in time", async () => {
    server.answer(() => undefined);
    const error: unknown = await get(newVault({ timeout: 100 })).catch((reason: unknown) => reason);
    if (!TimeoutError.is(error)) throw error;
    expect(error).toBeInstanceOf(NetworkError);
    expect(error.message).toMatch(/within 100 ms/);
    await expect(get(newVault(), { timeout: 50 })).rejects.toThrow(/within 50 ms/);
  });

  test("the caller stops: its own reason comes back", async () => {
    server.answer(() => undefined);
    const reason = new Error("user pressed stop");
    const controller = new AbortController();
    const call = get(newVault(), { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 50);
    await expect(call).rejects.toBe(reason);
    await expect(get(newVault(), { signal: controller.signal })).rejects.toBe(reason);
    expect(server.seen).toHaveLength(1);
  });
});

describe("streams", () => {
  test("an answer comes chunk by chunk and may take longer than the timeout", async () => {
    server.answer(async (_, response) => {
      response.writeHead(200, { "alter-outcome": "provider", "content-type": "text/event-stream" });
      for (const part of ["one", "two", "three"]) {
        response.write(part);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      response.end();
    });
    const response = await get(newVault({ timeout: 150 }));
    const parts: string[] = [];
    for await (const chunk of response.body ?? []) parts.push(new TextDecoder().decode(chunk));
    expect(parts).toEqual(["one", "two", "three"]);
  });

  test("giving up an answer ends it at the vault", async () => {
    const closed = Promise.withResolvers<void>();
    server.answer((_, response) => {
      response.writeHead(200, { "alter-outcome": "provider" });
      response.write("first");
      response.once("close", closed.resolve);
    });
    const response = await get(newVault());
    await response.body?.cancel();
    await closed.promise;
  });

  test("an abort ends an answer that is under way", async () => {
    server.answer((_, response) => {
      response.writeHead(200, { "alter-outcome": "provider" });
      response.write("first");
    });
    const controller = new AbortController();
    const response = await get(newVault(), { signal: controller.signal });
    setTimeout(() => controller.abort(new Error("stopped")), 50);
    await expect(response.text()).rejects.toThrow("stopped");
  });

  test("an upload goes out as it is made, marked as unsigned", async () => {
    server.streamBodies = true;
    const arrived: string[] = [];
    const next = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    server.answer(async (_, response, incoming) => {
      for await (const chunk of incoming) {
        arrived.push(String(chunk));
        next[arrived.length - 1]?.resolve();
      }
      sendProvider(response, 200, {}, "done");
    });
    async function* body(): AsyncGenerator<string> {
      yield "first";
      await next[0]?.promise;
      yield "second";
    }
    expect((await newVault().request(GRANT_ID, "POST", URL_, { body: body() })).status).toBe(200);
    expect(arrived).toEqual(["first", "second"]);
    const [{ headers } = { headers: {} as Record<string, string | undefined> }] = server.seen;
    expect(headers["alter-body"]).toBe("unsigned-stream");
    expect(headers["content-digest"]).toBeUndefined();
  });

  test("a large file is streamed with its length", async () => {
    server.streamBodies = true;
    let size = 0;
    server.answer(async (_, response, incoming) => {
      size = (await readAll(incoming)).length;
      sendProvider(response, 200, {}, "done");
    });
    const bytes = 17 * 1024 * 1024;
    await newVault().request(GRANT_ID, "PUT", URL_, { body: new Blob([new Uint8Array(bytes)]) });
    expect(size).toBe(bytes);
    expect(server.seen[0]?.headers).toMatchObject({ "content-length": String(bytes), "alter-body": "unsigned-stream" });
  });

  test("a stream of something else is the caller's mistake", async () => {
    async function* body(): AsyncGenerator<Uint8Array> {
      yield 7 as unknown as Uint8Array;
    }
    await expect(newVault().request(GRANT_ID, "POST", URL_, { body: body() })).rejects.toBeInstanceOf(AlterValueError);
  });

  test("a compressed answer is decoded and no longer says it is compressed", async () => {
    const { gzipSync } = await import("node:zlib");
    server.answer((_, response) => sendProvider(response, 200, { "content-encoding": "gzip" }, gzipSync("plain text")));
    const response = await get(newVault());
    expect(response.headers.get("content-encoding")).toBeNull();
    expect(response.headers.get("content-length")).toBeNull();
    expect(await response.text()).toBe("plain text");
  });
});

describe("close", () => {
  test("twice is harmless, what is under way finishes, and everything later is refused", async () => {
    const release = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    server.answer(async (_, response) => {
      arrived.resolve();
      await release.promise;
      sendProvider(response, 200, {}, "done");
    });
    const vault = newVault();
    const view = vault.with({ grantId: GRANT_ID });
    const fetchIt = vault.fetch(GRANT_ID);
    const { requestHandler } = vault.aws({ grantId: GRANT_ID });
    const pending = get(vault);
    await arrived.promise;
    await vault.close();
    await vault.close();
    release.resolve();
    expect(await (await pending).text()).toBe("done");

    const aws = { method: "GET", protocol: "https:", hostname: "s3.amazonaws.com", path: "/", headers: {} };
    for (const act of [
      () => get(vault),
      () => view.request("GET", URL_),
      () => fetchIt(URL_),
      () => requestHandler.handle(aws),
      () => vault.listGrants(),
      () => vault.whoami(),
    ]) {
      const failure = act();
      await expect(failure).rejects.toBeInstanceOf(AlterSDKError);
      await expect(failure).rejects.toMatchObject({ code: "closed" });
    }
    expect(server.seen).toHaveLength(1);
  });

  test("by await using", async () => {
    let kept: AlterVault;
    {
      await using vault = newVault();
      kept = vault;
      expect((await get(vault)).status).toBe(200);
    }
    await expect(get(kept)).rejects.toMatchObject({ code: "closed" });
  });
});
