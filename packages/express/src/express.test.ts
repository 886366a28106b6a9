import { once } from "node:events";
import { request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { AlterVault, AlterValueError, GrantNotFoundError, type VaultCalls } from "@alter-vault/sdk";
import {
  FAKE_API_KEY,
  FAKE_SECRET,
  sendProblem,
  sendProvider,
  startFakeVault,
  type FakeVault,
} from "@alter-vault/sdk/fake-vault.test-support";
import express5, { type ErrorRequestHandler, type Express, type Request } from "express";
// @ts-expect-error it has no types of its own; those of version 5 do
import express4 from "express-v4";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, expectTypeOf, test } from "vitest";
import { vaultErrorHandler, vaultMiddleware, type VaultMiddlewareOptions } from "./index.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";
const TRACEPARENT = `00-${TRACE_ID}-00f067aa0ba902b7-01`;

let fake: FakeVault;
let vault: AlterVault;
let server: Server | undefined;
beforeAll(async () => {
  fake = await startFakeVault();
});
afterAll(() => fake.close());
beforeEach(() => {
  fake.seen.length = 0;
  fake.answer((_, response) =>
    sendProvider(response, 200, { "content-type": "application/json" }, '{"full_name":"fake/repo"}'),
  );
  vault = new AlterVault({ apiKey: FAKE_API_KEY, baseUrl: fake.url, caller: "test-server" });
});
afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
  await vault.close();
});

const TARGET = "https://api.example/repos/{repo}";
const OPTIONS = { provider: "github", pathParams: { repo: "fake" } };
const contexts = (): Record<string, string>[] => fake.seen.map(({ envelope }) => envelope.context);

async function listen(app: Express): Promise<string> {
  server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe.each([
  ["express 5", express5],
  ["express 4", express4 as unknown as typeof express5],
])("%s", (_, express) => {
  /** What reached the error handler of the app, behind ours. */
  let passedOn: unknown[] = [];
  const start = async (
    handle: (req: Request) => unknown,
    options: Partial<Omit<VaultMiddlewareOptions, "userToken">> = {},
  ): Promise<string> => {
    passedOn = [];
    const app = express();
    app.use(express.json(), vaultMiddleware({ vault, userToken: false, ...options }));
    // Version 4 does not wait for a promise, so the route hands its errors over itself.
    app.all("/repo", (req, res, next) => {
      Promise.resolve(handle(req)).then((value) => res.json(value ?? null), next);
    });
    const last: ErrorRequestHandler = (error, _req, res, next) => {
      passedOn.push(error);
      if (res.headersSent) return next(error);
      res.status(500).json({ by: "the app" });
    };
    app.use(vaultErrorHandler(), last);
    return listen(app);
  };
  const getRepo = async (req: Request): Promise<unknown> => (await req.vault.request("GET", TARGET, OPTIONS)).json();

  describe("what arrives at the vault", () => {
    test.each([
      ["X-Request-Id", { "x-request-id": "req_1:a.b-c" }, "req_1:a.b-c"],
      ["X-Request-Id before traceparent", { "x-request-id": "req_1", traceparent: TRACEPARENT }, "req_1"],
      ["traceparent", { traceparent: TRACEPARENT }, TRACE_ID],
      ["an unusable X-Request-Id", { "x-request-id": "a b", traceparent: TRACEPARENT }, TRACE_ID],
      ["one that is too long", { "x-request-id": "x".repeat(129) }, UUID],
      ["a trace of zeros", { traceparent: `00-${"0".repeat(32)}-00f067aa0ba902b7-01` }, UUID],
      ["a parent of zeros", { traceparent: `00-${TRACE_ID}-${"0".repeat(16)}-01` }, UUID],
      ["nothing", {}, UUID],
    ])("run id from %s", async (_from, headers, expected) => {
      const answer = await fetch(`${await start(getRepo)}/repo`, { headers });
      expect(await answer.json()).toEqual({ full_name: "fake/repo" });
      const runId = contexts()[0]?.["run_id"];
      expect(runId).toEqual(typeof expected === "string" ? expected : expect.stringMatching(expected));
      expect(answer.headers.get("x-request-id")).toBe(runId);
      expect(fake.seen[0]?.envelope.caller).toMatchObject({ identifier: "test-server", framework: "express" });
    });

    test("another header, or none", async () => {
      const headers = { "x-request-id": "client", "x-correlation-id": "mine", traceparent: TRACEPARENT };
      const named = await fetch(`${await start(getRepo, { requestIdHeader: "X-Correlation-Id" })}/repo`, { headers });
      expect([contexts()[0]?.["run_id"], named.headers.get("x-correlation-id")]).toEqual(["mine", "mine"]);
      const none = await fetch(`${await start(getRepo, { requestIdHeader: false })}/repo`, { headers });
      expect(contexts()[1]?.["run_id"]).toMatch(UUID);
      expect(none.headers.get("x-request-id")).toBe(contexts()[1]?.["run_id"]);
    });

    test("thread id by the app's own rule, cut to what the wire takes", async () => {
      const url = await start(getRepo, { threadId: (req) => req.body?.id });
      const post = (id: unknown) =>
        fetch(`${url}/repo`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ id }),
        });
      await post("chat_7");
      await post("x".repeat(600));
      await post({ not: "text" });
      await fetch(`${url}/repo`);
      expect(contexts().map((context) => context["thread_id"])).toEqual([
        "chat_7",
        "x".repeat(512),
        undefined,
        undefined,
      ]);
    });

    test("calls of the vault itself, below and after an await, carry the ids of their own request", async () => {
      const tool = async (): Promise<unknown> => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        return (await vault.request("GET", TARGET, OPTIONS)).json();
      };
      const url = await start(tool, { threadId: (req) => req.get("x-chat") });
      const ids = Array.from({ length: 8 }, (_one, index) => `r${index}`);
      await Promise.all(
        ids.map((id) => fetch(`${url}/repo`, { headers: { "x-request-id": id, "x-chat": `chat-${id}` } })),
      );
      const found = contexts().map(({ run_id, thread_id }) => `${run_id} ${thread_id}`);
      expect(found.toSorted((one, other) => one.localeCompare(other))).toEqual(ids.map((id) => `${id} chat-${id}`));
    });

    test("mounted twice, a request keeps its id", async () => {
      let first: Promise<unknown> | undefined;
      const app = express();
      app.use(vaultMiddleware({ vault, userToken: false }));
      app.use((req, _res, next) => {
        first = getRepo(req);
        next();
      });
      app.use("/chat", vaultMiddleware({ vault, userToken: false, threadId: () => "chat_7" }));
      app.get("/chat/repo", (req, res, next) => void getRepo(req).then((value) => res.json(value), next));
      const runId = (await fetch(`${await listen(app)}/chat/repo`)).headers.get("x-request-id");
      await first;
      expect(contexts()).toHaveLength(2);
      expect(contexts()).toEqual(expect.arrayContaining([{ run_id: runId }, { run_id: runId, thread_id: "chat_7" }]));
    });

    test("a rule that throws is an error of the app", async () => {
      const url = await start(getRepo, {
        threadId: () => {
          throw new RangeError("mine");
        },
      });
      expect((await fetch(`${url}/repo`)).status).toBe(500);
      expect(passedOn).toMatchObject([{ message: "mine" }]);
      expect(fake.seen).toEqual([]);
    });
  });

  describe("failures", () => {
    const problems = [
      ["a missing grant", "grant_not_found", 404, {}, 404],
      ["a rule", "policy_denied", 403, {}, 403],
      ["a rate limit", "rate_limited", 429, { retry_after_seconds: 1.5 }, 429],
      ["a wrong key of this server", "invalid_key", 401, {}, 500],
    ] as const;
    test.each(problems)("%s", async (_what, code, vaultStatus, details, status) => {
      fake.answer((_request, response) =>
        sendProblem(response, {
          type: `urn:alter-vault:error:${code}`,
          title: "fake",
          status: vaultStatus,
          code,
          detail: "because",
          fix: "Do something.",
          retryable: false,
          request_id: "fake-request-id",
          ...details,
        }),
      );
      const answer = await fetch(`${await start(getRepo)}/repo`);
      expect(answer.status).toBe(status);
      expect(answer.headers.get("content-type")).toMatch(/^application\/problem\+json/);
      expect(answer.headers.get("cache-control")).toBe("no-store");
      expect(answer.headers.get("retry-after")).toBe(code === "rate_limited" ? "2" : null);
      expect(await answer.json()).toEqual({
        type: `urn:alter-vault:error:${code}`,
        title: expect.stringMatching(/^[A-Z]/),
        status,
        detail: "because",
        code,
        retryable: false,
        request_id: "fake-request-id",
        ...(code === "grant_not_found" ? { action: expect.objectContaining({ type: "connect_required" }) } : {}),
      });
      expect(passedOn).toEqual([]);
    });

    test("an error of the provider is a 502 without what the provider wrote", async () => {
      fake.answer((_request, response) =>
        sendProvider(response, 401, { "www-authenticate": "fake" }, "fake-provider-detail"),
      );
      const answer = await fetch(`${await start(getRepo)}/repo`);
      expect(answer.status).toBe(502);
      expect(answer.headers.get("www-authenticate")).toBeNull();
      expect(await answer.json()).toEqual({
        type: "urn:alter-vault:error:provider_error",
        title: "The provider answered with an error",
        status: 502,
        detail: "The provider answered with status 401.",
        code: "provider_error",
        retryable: false,
        request_id: "fake-request-id",
      });
    });

    test("no vault: the client is not told where it would be", async () => {
      const nowhere = new AlterVault({ apiKey: FAKE_API_KEY, baseUrl: "http://127.0.0.1:9" });
      const answer = await fetch(`${await start(getRepo, { vault: nowhere })}/repo`);
      expect(answer.status).toBe(502);
      expect(await answer.text()).not.toContain("127.0.0.1");
    });

    test.each([
      ["a mistake of the program", new AlterValueError("wrong option")],
      ["an error of somebody else", new RangeError("mine")],
    ])("%s goes on to the app", async (_what, error) => {
      const url = await start(() => Promise.reject(error));
      expect(await (await fetch(`${url}/repo`)).json()).toEqual({ by: "the app" });
      expect(passedOn).toEqual([error]);
    });

    test("an answer that has begun is not begun again", async () => {
      const app = express();
      app.use(vaultMiddleware({ vault, userToken: false }));
      app.get("/repo", (_req, res, next) => {
        res.write("begun");
        next(new GrantNotFoundError("fake"));
      });
      const handed: unknown[] = [];
      const last: ErrorRequestHandler = (error, _req, res, _next) => {
        handed.push(error);
        res.end();
      };
      app.use(vaultErrorHandler(), last);
      expect(await (await fetch(`${await listen(app)}/repo`)).text()).toBe("begun");
      expect(handed).toMatchObject([{ code: "grant_not_found" }]);
    });
  });

  test("a client that goes away ends the call at the vault, and nobody is told of an error", async () => {
    let arrived: () => void = () => {};
    const waiting = new Promise<void>((resolve) => (arrived = resolve));
    const closed = new Promise<void>((resolve) => {
      fake.answer((_request, response) => {
        response.on("close", resolve);
        arrived();
      });
    });
    let failed: unknown;
    const url = await start((req) =>
      getRepo(req).catch((error: unknown) => {
        failed = error;
        throw error;
      }),
    );
    const client = httpRequest(`${url}/repo`).on("error", () => undefined);
    client.end();
    await waiting;
    client.destroy();
    await closed;
    await expect.poll(() => failed).toMatchObject({ name: "AbortError", message: "The client disconnected." });
    expect(passedOn).toEqual([]);
  });

  test("an answer that is complete aborts nothing that goes on after it", async () => {
    let later: Promise<unknown> | undefined;
    const url = await start((req) => {
      later = new Promise((resolve) => setTimeout(resolve, 30)).then(() => getRepo(req));
    });
    expect((await fetch(`${url}/repo`, { headers: { connection: "close" } })).status).toBe(200);
    expect(await later).toEqual({ full_name: "fake/repo" });
  });

  test("req.vault is typed, and printing a request shows neither it nor the key", async () => {
    let shown = "";
    const url = await start((req) => {
      expectTypeOf(req.vault).toEqualTypeOf<VaultCalls>();
      expect(Object.keys(req)).not.toContain("vault");
      expect(req).not.toHaveProperty("auth");
      expect(req).not.toHaveProperty("user");
      shown =
        inspect(req.vault, { depth: null, showHidden: true }) +
        inspect(req, { depth: null }) +
        JSON.stringify(req.vault);
    });
    expect((await fetch(`${url}/repo`)).status).toBe(200);
    expect(shown).toContain("test-server");
    expect(shown).not.toContain(FAKE_SECRET);
    expect(shown).not.toContain(FAKE_API_KEY);
  });
});
