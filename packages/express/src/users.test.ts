import { once } from "node:events";
import { request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { type AlterVault, currentContext } from "@alter-vault/sdk";
import { createTestVault, slow, type FakeApi, type TestVault } from "@alter-vault/testing";
import express5, { type Express } from "express";
// @ts-expect-error it has no types of its own; those of version 5 do
import express4 from "express-v4";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  requestUser,
  requireConnection,
  vaultErrorHandler,
  vaultMiddleware,
  type VaultMiddlewareOptions,
} from "./index.ts";

/* Requests of real users, with a real vault that verifies them. */
let testVault: TestVault;
let vault: AlterVault;
let notes: FakeApi;
let server: Server | undefined;
beforeEach(async () => {
  testVault = await createTestVault();
  vault = testVault.sdk({ caller: "notes-api" });
  notes = await testVault.provider("notes");
});
afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
  await testVault.stop();
});

const TARGET = "https://api.notes.example/notes";

describe.each([
  ["express 5", express5],
  ["express 4", express4 as unknown as typeof express5],
])("%s", (_, express) => {
  async function start(options: object = {}, routes?: (app: Express) => void): Promise<string> {
    const app = express();
    app.use(vaultMiddleware({ vault, ...options } as VaultMiddlewareOptions));
    routes?.(app);
    app.all("/notes", (req, res, next) => {
      req.vault
        .request("POST", TARGET, { provider: "notes", json: {} })
        .then((answer) => res.json({ status: answer.status }), next);
    });
    app.use(vaultErrorHandler());
    server = app.listen(0, "127.0.0.1");
    await once(server, "listening");
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  const as = (token: string, more: object = {}): RequestInit => ({
    headers: { authorization: `Bearer ${token}`, ...more },
  });

  test("calls are for the user of the request, and nobody else's account is used", async () => {
    const [ada, eve] = [await testVault.signIn("ada"), await testVault.signIn("eve")];
    await testVault.connect("notes", ada);
    const base = await start();
    expect((await fetch(`${base}/notes`, as(ada))).status).toBe(200);
    const others = await fetch(`${base}/notes`, as(eve));
    expect(others.status).toBe(404);
    expect(await others.json()).toMatchObject({
      code: "grant_not_found",
      action: { type: "connect_required", providerId: "notes", url: expect.stringContaining(testVault.url) },
    });
    expect(notes.calls).toHaveLength(1);
    expect(await testVault.calls()).toMatchObject([
      { principal_type: "user", caller: { identifier: "notes-api", framework: "express" }, outcome: "provider" },
      { decision: "deny", code: "grant_not_found" },
    ]);
  });

  test("the user's token is exchanged once, and neither sent on nor kept", async () => {
    const ada = await testVault.signIn("ada");
    await testVault.connect("notes", ada);
    const sent: string[] = [];
    const fetching: typeof fetch = (input, init) => {
      sent.push(
        `${input instanceof Request ? input.url : input.toString()} ${new Headers(init?.headers).get("alter-user-token")}`,
      );
      return fetch(input, init);
    };
    vault = testVault.sdk({ fetch: fetching });
    const middleware = vaultMiddleware({ vault });
    const base = await start({ vault });
    const before = sent.length;
    await Promise.all([1, 2, 3].map(() => fetch(`${base}/notes`, as(ada))));
    expect(sent.slice(before).filter((line) => line.includes("/v1/sessions"))).toHaveLength(
      sent.filter((line) => line.includes(ada)).length,
    );
    expect(new Set(sent.filter((line) => line.includes("/v1/request"))).size).toBe(1);
    expect(sent.filter((line) => line.includes("/v1/request")).some((line) => line.includes(ada))).toBe(false);
    expect(inspect([middleware, vault], { depth: null, showHidden: true })).not.toContain(ada);
    expect(notes.calls[0]?.headers.authorization).not.toContain(ada);
  });

  test.each([
    ["no token", {}, "user_token_missing", 'Bearer realm="vault"'],
    ["another scheme", { authorization: "Basic fake" }, "user_token_invalid", /error="invalid_token"/],
    [
      "a token that is none",
      { authorization: "Bearer fake.fake.fake" },
      "user_token_invalid",
      /error="invalid_token", error_description=/,
    ],
  ])("%s is a 401 that says so, and nothing is called", async (_name, headers, code, challenge) => {
    await testVault.signIn("ada");
    const answer = await fetch(`${await start()}/notes`, { headers });
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toMatch(challenge);
    expect(answer.headers.get("content-type")).toMatch(/^application\/problem\+json/);
    expect(await answer.json()).toMatchObject({ code, status: 401 });
    expect(notes.calls).toEqual([]);
    expect(await testVault.calls()).toEqual([]);
  });

  test("a token whose time is over", async () => {
    const ada = await testVault.signIn("ada");
    testVault.clock.advance(2 * 3_600_000);
    const answer = await fetch(`${await start()}/notes`, as(ada));
    expect([answer.status, (await answer.json()) as unknown]).toMatchObject([401, { code: "user_token_expired" }]);
  });

  test("a request that was authenticated before, and one without a user where that is fine", async () => {
    const ada = await testVault.signIn("ada");
    await testVault.connect("notes", ada);
    const userToken = (req: { get(name: string): string | undefined }): string | undefined => req.get("x-token");
    const base = await start({ userToken, userRequired: false });
    expect((await fetch(`${base}/notes`, { headers: { "x-token": ada } })).status).toBe(200);
    expect((await fetch(`${base}/notes`)).status).toBe(404);
    await testVault.connect("notes");
    expect((await fetch(`${base}/notes`)).status).toBe(200);
  });

  test("what other middleware has put on the request stays as it is, or away", async () => {
    const ada = await testVault.signIn("ada");
    const seen: unknown[] = [];
    const look = (app: Express): void =>
      void app.get("/look", (req, res) => {
        const { auth, user } = req as { auth?: unknown; user?: unknown };
        seen.push([auth, user, Object.keys(req).filter((name) => name === "auth" || name === "user")]);
        res.end();
      });
    await fetch(`${await start({}, look)}/look`, as(ada));
    const app = express();
    const [auth, user] = [Object.freeze({ token: ada }), Object.freeze({ id: "ada" })];
    app.use((req, _res, next) => {
      Object.assign(req, { auth, user });
      next();
    });
    app.use(vaultMiddleware({ vault }));
    look(app);
    const other = app.listen(0, "127.0.0.1");
    await once(other, "listening");
    await fetch(`http://127.0.0.1:${(other.address() as AddressInfo).port}/look`, as(ada));
    other.closeAllConnections();
    other.close();
    expect(seen).toEqual([
      [undefined, undefined, []],
      [auth, user, ["auth", "user"]],
    ]);
    expect((seen[1] as unknown[])[0]).toBe(auth);
  });

  test("requireConnection answers with what the user must do, before the handler runs", async () => {
    const ada = await testVault.signIn("ada");
    const handled = vi.fn();
    const base = await start({}, (app) => {
      app.get("/safe", requireConnection({ provider: "notes" }), (_req, res) => {
        handled();
        res.json({});
      });
    });
    const missing = await fetch(`${base}/safe`, as(ada));
    expect(missing.status).toBe(403);
    expect(await missing.json()).toMatchObject({
      code: "grant_not_found",
      detail: "The user must connect the notes account first.",
      action: { type: "connect_required", url: expect.stringContaining(testVault.url) },
    });
    expect(handled).not.toHaveBeenCalled();
    await testVault.connect("notes", ada);
    expect((await fetch(`${base}/safe`, as(ada))).status).toBe(200);
    expect(handled).toHaveBeenCalledOnce();
  });

  test("the audit log has the ids of the request: the caller's, those of the trace, or new ones", async () => {
    const ada = await testVault.signIn("ada");
    await testVault.connect("notes", ada);
    const base = await start({ threadId: (req: { get(name: string): string | undefined }) => req.get("x-chat") });
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const given: object[] = [{}, { "x-request-id": "req-1", "x-chat": "chat-1" }, { traceparent }];
    const told = [];
    for (const headers of given)
      told.push((await fetch(`${base}/notes`, as(ada, headers))).headers.get("x-request-id"));
    const contexts = (await testVault.calls()).map(({ context }) => context);
    expect(contexts).toMatchObject([
      { run_id: expect.stringMatching(/^[0-9a-f-]{36}$/) },
      { run_id: "req-1", thread_id: "chat-1" },
      { run_id: "4bf92f3577b34da6a3ce929d0e0e4736", traceparent },
    ]);
    // The caller can find the entries by it.
    expect(told).toEqual(contexts.map((context) => context["run_id"]));
  });

  test("everything below finds ids, trace and user in the ambient scope", async () => {
    const ada = await testVault.signIn("ada");
    await testVault.connect("notes", ada);
    const moduleVault = testVault.sdk({ userTokenGetter: requestUser });
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const base = await start({ threadId: () => "chat-1" }, (app) => {
      app.get("/below", (_req, res, next) => {
        const context = currentContext();
        moduleVault.request("GET", TARGET, { provider: "notes" }).then(() => res.json(context), next);
      });
    });
    const answer = await fetch(`${base}/below`, as(ada, { traceparent }));
    const context = { run_id: "4bf92f3577b34da6a3ce929d0e0e4736", thread_id: "chat-1", traceparent };
    expect(await answer.json()).toEqual(context);
    expect((await testVault.calls())[0]).toMatchObject({ context, principal_type: "user" });
    expect(notes.calls[0]?.headers).not.toHaveProperty("traceparent");
    expect(requestUser()).toBeUndefined();
  });

  test("a client that goes away ends the call at the provider within 100 ms", { retry: 2 }, async () => {
    const ada = await testVault.signIn("ada");
    await testVault.connect("notes", ada);
    const base = await start();
    const before = notes.calls.length;
    notes.fail(slow());
    const leaving = httpRequest(`${base}/notes`, { method: "POST", headers: { authorization: `Bearer ${ada}` } });
    leaving.on("error", () => undefined);
    leaving.end();
    await vi.waitFor(() => expect(notes.calls).toHaveLength(before + 1), { timeout: 5000, interval: 2 });
    const leftAt = performance.now();
    leaving.destroy();
    await vi.waitFor(() => expect(notes.calls.at(-1)?.endedAfterMs).not.toBeNull(), { timeout: 2000, interval: 1 });
    expect(performance.now() - leftAt).toBeLessThan(100);
  });
});
