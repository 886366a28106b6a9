import {
  ActorType,
  AlterSDKError,
  AlterVault,
  CallerType,
  ConnectionNotFoundError,
  GrantNotFoundError,
  HttpMethod,
  NetworkError,
  PolicyViolationError,
  Provider,
  ProviderAPIError,
  ReAuthRequiredError,
  systemPrincipal,
  withContext,
} from "@alter-vault/sdk";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startUpstream, type Upstream } from "../harness/upstream.ts";
import { startTestVault, type TestVault } from "../harness/vault.ts";

/*
 * Every call that the product's documentation shows, in each generation of its names, as far as managed secrets go.
 */
let server: TestVault;
let upstream: Upstream;
let grantId: string;
const last = () => upstream.calls.at(-1);

beforeAll(async () => {
  upstream = await startUpstream(({ method, url, headers, body }, response) => {
    if (url === "/v1/teapot") return void response.writeHead(418, { "x-why": "tea" }).end("short and stout");
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ method, url, notion: headers["notion-version"], body: body.toString() }));
  });
  server = await startTestVault();
  grantId = await server.bearer("fake-token-documented-0123", [upstream.origin], "notion");
});
afterAll(async () => {
  await server.stop();
  await upstream.close();
});
beforeEach(() => {
  upstream.calls.length = 0;
});

describe("request(grantId, method, url, options)", () => {
  const vault = () =>
    new AlterVault({
      apiKey: server.apiKey,
      baseUrl: server.url,
      actorType: ActorType.AI_AGENT,
      actorIdentifier: "my-agent",
    });

  test("a simple GET with query parameters", async () => {
    const response = await vault().request(grantId, HttpMethod.GET, `${upstream.origin}/v1/resource`, {
      queryParams: { maxResults: "10" },
    });
    expect(((await response.json()) as { url: string }).url).toBe("/v1/resource?maxResults=10");
  });

  test("a POST with a JSON body and a reason", async () => {
    await vault().request(grantId, HttpMethod.POST, `${upstream.origin}/v1/items`, {
      json: { name: "New Item", price: 99.99 },
      reason: "Creating new item",
    });
    expect(JSON.parse(last()?.body.toString() ?? "")).toEqual({ name: "New Item", price: 99.99 });
    expect(last()?.headers["content-type"]).toContain("application/json");
    expect((await server.lastEntry()).reason).toBe("Creating new item");
  });

  test("a URL template with path parameters, encoded", async () => {
    await vault().request(grantId, HttpMethod.PUT, `${upstream.origin}/v1/items/{item_id}`, {
      pathParams: { item_id: "a b?c&d" },
      json: { price: 89.99 },
    });
    expect(last()?.url).toBe("/v1/items/a%20b%3Fc%26d");
  });

  test("extra headers", async () => {
    await vault().request(grantId, HttpMethod.POST, `${upstream.origin}/v1/databases/{db_id}/query`, {
      pathParams: { db_id: "abc123" },
      extraHeaders: { "Notion-Version": "2022-06-28" },
      json: { page_size: 10 },
    });
    expect(last()?.headers["notion-version"]).toBe("2022-06-28");
  });

  test("run, thread and tool-call ids, and everything about the actor, are in the entry", async () => {
    const agent = new AlterVault({
      apiKey: server.apiKey,
      baseUrl: server.url,
      timeout: 30_000,
      actorType: ActorType.AI_AGENT,
      actorIdentifier: "email-assistant-v2",
      actorName: "Email Assistant",
      actorVersion: "2.0.0",
      framework: "langgraph",
      clientType: "cursor",
    });
    await agent.request(grantId, HttpMethod.GET, `${upstream.origin}/v1/resource`, {
      runId: "550e8400-e29b-41d4-a716-446655440000",
      threadId: "thread-xyz",
      toolCallId: "call_abc_123",
      context: { tool: "search" },
    });
    expect(await server.lastEntry()).toMatchObject({
      caller: {
        type: "agent",
        identifier: "email-assistant-v2",
        name: "Email Assistant",
        version: "2.0.0",
        framework: "langgraph",
        client_type: "cursor",
      },
      context: {
        run_id: "550e8400-e29b-41d4-a716-446655440000",
        thread_id: "thread-xyz",
        tool_call_id: "call_abc_123",
        tool: "search",
      },
      decision: "allow",
      outcome: "provider",
      status: 200,
    });
  });

  test("a run id is made when none is given", async () => {
    await vault().request(grantId, HttpMethod.GET, `${upstream.origin}/v1/resource`);
    expect((await server.lastEntry()).context["run_id"]).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });
});

describe("request(method, url, options)", () => {
  const vault = () =>
    new AlterVault({
      apiKey: server.apiKey,
      baseUrl: server.url,
      caller: "my-service",
      callerType: CallerType.SERVICE,
    });

  test("by grant id, by connection id, and by provider", async () => {
    for (const who of [{ grantId }, { connectionId: grantId }, { provider: "notion" }, { provider: Provider.NOTION }]) {
      const response = await vault().request(HttpMethod.GET, `${upstream.origin}/v1/data`, who);
      expect(response.status).toBe(200);
    }
    expect((await server.lastEntry()).caller).toEqual({ type: "service", identifier: "my-service" });
  });

  test("ambient ids, which what is said outright goes before", async () => {
    await withContext({ runId: "run_1", threadId: "t_1" }, async () => {
      await vault().request("GET", `${upstream.origin}/v1/a`, { grantId, toolCallId: "c_1" });
      expect((await server.lastEntry()).context).toMatchObject({
        run_id: "run_1",
        thread_id: "t_1",
        tool_call_id: "c_1",
      });
      await vault().request("GET", `${upstream.origin}/v1/b`, { grantId, runId: "run_2" });
      expect((await server.lastEntry()).context).toMatchObject({ run_id: "run_2", thread_id: "t_1" });
    });
  });

  test.each(Object.values(HttpMethod))("%s", async (method) => {
    const response = await vault().request(method, `${upstream.origin}/v1/any`, { grantId });
    expect(response.status).toBe(200);
    expect(last()?.method).toBe(method);
    if (method === "HEAD") expect(await response.text()).toBe("");
  });
});

describe("grants", () => {
  test("are listed under both names, filtered and paged", async () => {
    const vault = server.sdk();
    const connections = await vault.listConnections({ providerId: Provider.NOTION, limit: 10, offset: 0 });
    expect(connections).toMatchObject({ total: 1, hasMore: false, limit: 10, offset: 0 });
    expect(connections.connections[0]).toMatchObject({
      connectionId: grantId,
      grantId,
      providerId: "notion",
      status: "active",
      principalType: "system",
    });
    expect((await vault.listGrants({ providerId: "google" })).grants).toEqual([]);
  });

  test("are issued for a system principal, used, and revoked", async () => {
    const vault = server.sdk();
    const { secret_id } = await server.operator.call("getGrant", { id: grantId });
    const grant = await vault.createManagedSecretGrant(secret_id ?? "", {
      principal: systemPrincipal({ label: "cron-charges" }),
    });
    expect(grant).toMatchObject({ principalType: "system", label: "cron-charges" });
    expect((await vault.request("GET", `${upstream.origin}/v1/x`, { grantId: grant.grantId })).status).toBe(200);
    const revoked = await vault.revokeGrant(grant.grantId, { reason: "Agent cleanup: stale grant" });
    expect(revoked.success).toBe(true);
    await expect(vault.request("GET", `${upstream.origin}/v1/x`, { grantId: grant.grantId })).rejects.toBeInstanceOf(
      ReAuthRequiredError,
    );
  });
});

describe("errors", () => {
  test("a provider's error has status and body", async () => {
    const failure = await server
      .sdk()
      .request("GET", `${upstream.origin}/v1/teapot`, { grantId })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ProviderAPIError);
    expect(failure).toMatchObject({ statusCode: 418, responseBody: "short and stout" });
    const response = await server
      .sdk()
      .request("GET", `${upstream.origin}/v1/teapot`, { grantId, throwOnProviderError: false });
    expect(response.status).toBe(418);
  });

  test("a wrong grant id is not found, under both names", async () => {
    const failure = await server
      .sdk()
      .request("GET", `${upstream.origin}/`, { grantId: "00000000-0000-7000-8000-000000000000" })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(GrantNotFoundError);
    expect(failure).toBeInstanceOf(ConnectionNotFoundError);
    expect(failure).not.toBeInstanceOf(PolicyViolationError);
    expect(failure).toMatchObject({ code: "grant_not_found", retryable: false });
    expect((failure as AlterSDKError).requestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("a vault that is not there is a network error", async () => {
    const nowhere = new AlterVault({ apiKey: server.apiKey, baseUrl: "http://127.0.0.1:9", caller: "x" });
    await expect(nowhere.request("GET", "https://api.example.com/", { grantId })).rejects.toBeInstanceOf(NetworkError);
  });

  test("close() is idempotent, and a call after it says so", async () => {
    const vault = server.sdk();
    await vault.close();
    await vault.close();
    await expect(vault.request("GET", `${upstream.origin}/`, { grantId })).rejects.toBeInstanceOf(AlterSDKError);
  });
});
