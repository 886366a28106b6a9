import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { AlterVault } from "./alter-vault.ts";
import { withContext } from "./context.ts";
import { AlterValueError, ProviderAPIError } from "./errors.ts";
import {
  FAKE_API_KEY,
  GRANT_ID,
  sendProvider,
  startFakeVault,
  type FakeVault,
  type SeenRequest,
} from "./fake-vault.test-support.ts";
import { requestIdOf } from "./provider-response.ts";
import type { RequestOptions } from "./request-options.ts";

const URL_ = "https://api.example.com/v1/items";
let server: FakeVault;
let vault: AlterVault;

beforeAll(async () => {
  server = await startFakeVault();
  vault = new AlterVault({ apiKey: FAKE_API_KEY, baseUrl: server.url, caller: "test-agent" });
});
afterAll(() => server.close());
beforeEach(() => {
  server.seen.length = 0;
  server.answer((_, response) => sendProvider(response, 200, { "content-type": "application/json" }, '{"ok":true}'));
});

function last(): SeenRequest {
  const seen = server.seen.at(-1);
  if (seen === undefined) throw new Error("nothing was sent");
  return seen;
}

describe("both forms", () => {
  test.each([
    ["method first, grant as option", () => vault.request("GET", URL_, { grantId: GRANT_ID })],
    ["the older name of the option", () => vault.request("GET", URL_, { connectionId: GRANT_ID })],
    ["grant first", () => vault.request(GRANT_ID, "GET", URL_)],
    ["grant first, in capitals", () => vault.request(GRANT_ID.toUpperCase(), "GET", URL_)],
    ["grant in both places, the same", () => vault.request(GRANT_ID, "GET", URL_, { grantId: GRANT_ID })],
    ["a URL object", () => vault.request(GRANT_ID, "GET", new URL(URL_))],
  ])("%s", async (_name, act) => {
    const response = await act();
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ ok: true });
    expect(last()).toMatchObject({ method: "POST", path: "/v1/request" });
    expect(last().envelope).toMatchObject({ method: "GET", target: URL_, grant_id: GRANT_ID, redirect: "follow" });
    expect(last().envelope.caller).toEqual({ type: "agent", identifier: "test-agent" });
  });

  test("by provider and account", async () => {
    await vault.request("GET", URL_, { provider: "github", account: "a@example.com" });
    expect(last().envelope).toMatchObject({ provider: "github", account: "a@example.com" });
    expect(last().envelope.grant_id).toBeUndefined();
  });
});

describe("what travels", () => {
  test("templates, query, headers and reason", async () => {
    await vault.request(GRANT_ID, "POST", "https://api.example.com/v1/größe/{item_id}?a=1", {
      pathParams: { item_id: "x/y", n: 7 },
      queryParams: { tag: ["a", "b"], deep: true, n: 3, none: undefined },
      extraHeaders: { "Notion-Version": "2022-06-28", "x-note": "café" },
      reason: "to see",
    });
    const { envelope } = last();
    expect(envelope.target).toBe("https://api.example.com/v1/gr%C3%B6%C3%9Fe/{item_id}?a=1");
    expect(envelope.params).toEqual({
      path: { item_id: "x/y", n: "7" },
      query: [
        ["tag", "a"],
        ["tag", "b"],
        ["deep", "true"],
        ["n", "3"],
      ],
    });
    expect(envelope.headers).toEqual([
      ["notion-version", "2022-06-28"],
      ["x-note", "café"],
    ]);
    expect(envelope.reason).toBe("to see");
    expect(last().body).toHaveLength(0);
  });

  test("query pairs keep their order", async () => {
    await vault.request(GRANT_ID, "GET", URL_, { queryParams: new URLSearchParams("b=1&a=2&b=3") });
    expect(last().envelope.params).toEqual({
      query: [
        ["b", "1"],
        ["a", "2"],
        ["b", "3"],
      ],
    });
  });

  test("a reason and an account in any script arrive as they are, in ASCII headers", async () => {
    const reason = "für uns,\n測 🔑";
    await vault.request("GET", URL_, { provider: "github", account: "Zoë", reason });
    expect(last().envelope).toMatchObject({ reason, account: "Zoë" });
    expect(last().headers["alter-reason"]).toMatch(/^[\x20-\x7e]+$/);
  });

  test("every character of a URL arrives as printable ASCII", async () => {
    await vault.request(GRANT_ID, "GET", "https://api.example.com/a b\r\n\u0000\ud800😀");
    expect(last().envelope.target).toBe("https://api.example.com/a%20b%0D%0A%00%EF%BF%BD%F0%9F%98%80");
  });

  test.each<[string, RequestOptions, string, string | undefined]>([
    ["json", { json: { name: "ü" } }, '{"name":"ü"}', "application/json"],
    ["json null", { json: null }, "null", "application/json"],
    ["text", { body: "hi" }, "hi", "text/plain;charset=UTF-8"],
    ["bytes", { body: new Uint8Array([104, 105]) }, "hi", undefined],
    ["a part of a buffer", { body: Buffer.from("xhix").subarray(1, 3) }, "hi", undefined],
    ["an ArrayBuffer", { body: new Uint8Array([104, 105]).buffer }, "hi", undefined],
    ["a Blob", { body: new Blob(["hi"], { type: "text/x-a" }) }, "hi", "text/x-a"],
    ["a form", { body: new URLSearchParams({ a: "1 2" }) }, "a=1+2", "application/x-www-form-urlencoded;charset=UTF-8"],
    ["a content type of one's own", { body: "hi", extraHeaders: { "Content-Type": "text/x-b" } }, "hi", "text/x-b"],
  ])("%s", async (_name, options, text, contentType) => {
    await vault.request(GRANT_ID, "POST", URL_, options);
    expect(last().body.toString()).toBe(text);
    const types = last().envelope.headers.filter(([name]) => name === "content-type");
    expect(types).toEqual(contentType === undefined ? [] : [["content-type", contentType]]);
    expect(last().headers["content-digest"]).toMatch(/^sha-256=:/);
  });

  test("a multipart form", async () => {
    const form = new FormData();
    form.append("note", "hi");
    form.append("file", new Blob(["data"]), "a.txt");
    await vault.request(GRANT_ID, "POST", URL_, { body: form });
    const [[, type] = []] = last().envelope.headers;
    const again = await new Response(new Uint8Array(last().body), {
      headers: { "content-type": type ?? "" },
    }).formData();
    expect(again.get("note")).toBe("hi");
    expect(last().headers["content-digest"]).toMatch(/^sha-256=:/);
  });

  test("nothing but what is needed is a header of the call", async () => {
    await vault.request(GRANT_ID, "GET", URL_);
    const alter = Object.keys(last().headers).filter((name) => name.startsWith("alter-"));
    expect(alter.toSorted()).toEqual(["alter-caller", "alter-context", "alter-grant", "alter-method", "alter-target"]);
  });
});

describe("wrong arguments", () => {
  const request = (...args: unknown[]): Promise<Response> =>
    (vault as unknown as { request(...given: unknown[]): Promise<Response> }).request(...args);

  test.each<[string, unknown[], RegExp]>([
    ["no credential", ["GET", URL_], /does not say which credential/],
    ["grant and provider", ["GET", URL_, { grantId: GRANT_ID, provider: "github" }], /Both "grantId" and "provider"/],
    ["grant first and provider", [GRANT_ID, "GET", URL_, { provider: "github" }], /Both "grantId" and "provider"/],
    ["two grants", [GRANT_ID, "GET", URL_, { grantId: GRANT_ID.replace("1", "2") }], /two different grants/],
    [
      "two names, two grants",
      ["GET", URL_, { grantId: GRANT_ID, connectionId: GRANT_ID.replace("1", "2") }],
      /two names/,
    ],
    ["account alone", ["GET", URL_, { account: "a" }], /"account" needs/],
    [
      "an account that is too long",
      ["GET", URL_, { provider: "github", account: "x".repeat(321) }],
      /"account" must be/,
    ],
    ["a grant id that is none", ["GET", URL_, { grantId: "CONNECTION_ID" }], /"grantId" must be the UUID/],
    ["a first argument that is nothing", ["google", "GET", URL_], /first argument of request/],
    ["a method that is not forwarded", [GRANT_ID, "TRACE", URL_], /method of request\(\) must be/],
    ["no URL", ["GET", undefined, { grantId: GRANT_ID }], /URL of request/],
    ["json and body", ["POST", URL_, { grantId: GRANT_ID, json: {}, body: "x" }], /Both "json" and "body"/],
    ["json that is not", ["POST", URL_, { grantId: GRANT_ID, json: 1n }], /"json" cannot be written/],
    ["json that is a function", ["POST", URL_, { grantId: GRANT_ID, json: () => 1 }], /"json" cannot be written/],
    ["an object as body", ["POST", URL_, { grantId: GRANT_ID, body: { a: 1 } }], /"body" must be/],
    ["an object in the query", ["GET", URL_, { grantId: GRANT_ID, queryParams: { a: {} } }], /"queryParams": "a"/],
    ["an object in the path", ["GET", URL_, { grantId: GRANT_ID, pathParams: { a: {} } }], /"pathParams": "a"/],
    ["a number as header", ["GET", URL_, { grantId: GRANT_ID, extraHeaders: { a: 1 } }], /"extraHeaders" must be/],
    ["a name of fetch's", ["GET", URL_, { grantId: GRANT_ID, headers: {} }], /Did you mean "extraHeaders"/],
    ["a wrong timeout", ["GET", URL_, { grantId: GRANT_ID, timeout: -1 }], /"timeout" must be/],
    ["a wrong redirect", ["GET", URL_, { grantId: GRANT_ID, redirect: "maybe" }], /"redirect" must be/],
    ["a user token that is none", ["GET", URL_, { grantId: GRANT_ID, userToken: 7 }], /"userToken" must be/],
    ["a reason that is too long", ["GET", URL_, { grantId: GRANT_ID, reason: "x".repeat(1001) }], /"reason" must be/],
  ])("%s", async (_name, args, message) => {
    const failure = request(...args);
    await expect(failure).rejects.toThrow(AlterValueError);
    await expect(failure).rejects.toThrow(message);
    expect(server.seen).toHaveLength(0);
  });
});

describe("context", () => {
  test("what is explicit beats the view, the view beats the ambient one", async () => {
    const view = vault.with({ threadId: "view", context: { step: "view", node: "view" } });
    await withContext({ runId: "ambient", threadId: "ambient", context: { tool: "ambient" } }, () =>
      view.request(GRANT_ID, "GET", URL_, { toolCallId: "own", context: { step: "own" } }),
    );
    expect(last().envelope.context).toEqual({
      run_id: "ambient",
      thread_id: "view",
      tool_call_id: "own",
      step: "own",
      node: "view",
      tool: "ambient",
    });
    await withContext({ runId: "ambient" }, () => vault.request(GRANT_ID, "GET", URL_, { runId: "own" }));
    expect(last().envelope.context).toEqual({ run_id: "own" });
  });

  test("without any there is a new run id for each call", async () => {
    await vault.request(GRANT_ID, "GET", URL_);
    await vault.request(GRANT_ID, "GET", URL_);
    const [first, second] = server.seen.map(({ envelope }) => envelope.context["run_id"]);
    expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(second).not.toBe(first);
  });
});

describe("views", () => {
  test("carry credential, caller and framework, and a call may say otherwise", async () => {
    const view = vault.with({ grantId: GRANT_ID, framework: "langgraph" }).with({ caller: { name: "Sub" } });
    await view.request("GET", URL_);
    expect(last().envelope).toMatchObject({ grant_id: GRANT_ID });
    expect(last().envelope.caller).toEqual({
      type: "agent",
      identifier: "test-agent",
      framework: "langgraph",
      name: "Sub",
    });
    await view.request("GET", URL_, { provider: "github" });
    expect(last().envelope.provider).toBe("github");
    expect(last().envelope.grant_id).toBeUndefined();
  });

  test("a view's signal aborts its calls", async () => {
    const controller = new AbortController();
    const view = vault.with({ signal: controller.signal });
    controller.abort(new Error("turn is over"));
    await expect(view.request(GRANT_ID, "GET", URL_)).rejects.toThrow("turn is over");
    expect(server.seen).toHaveLength(0);
  });

  test("unknown defaults are refused", () => {
    expect(() => vault.with({ timeout: 3 } as object)).toThrow(AlterValueError);
  });
});

describe("the provider's answer", () => {
  test("is a standard Response without the vault's own headers", async () => {
    server.answer((_, response) =>
      sendProvider(response, 201, { "set-cookie": ["a=1", "b=2"], etag: '"x"', "alter-anything": "1" }, "made"),
    );
    const response = await vault.request(GRANT_ID, "POST", URL_, { json: {} });
    expect(response).toBeInstanceOf(Response);
    expect(response).toMatchObject({ status: 201, ok: true, url: URL_ });
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(response.headers.get("etag")).toBe('"x"');
    expect([...response.headers.keys()].filter((name) => name.startsWith("alter-"))).toEqual([]);
    expect(requestIdOf(response)).toBe("fake-request-id");
    expect(await response.clone().text()).toBe("made");
  });

  test("4xx and 5xx are thrown with status, body and headers", async () => {
    server.answer((_, response) => sendProvider(response, 422, { "x-why": "name" }, '{"error":"bad name"}'));
    const error: unknown = await vault
      .request(GRANT_ID, "POST", `${URL_}?token=fake-in-query`)
      .catch((reason: unknown) => reason);
    if (!ProviderAPIError.is(error)) throw error;
    expect(error).toMatchObject({
      statusCode: 422,
      responseBody: '{"error":"bad name"}',
      requestId: "fake-request-id",
    });
    expect(error.headers.get("x-why")).toBe("name");
    expect(error.message).toBe("The provider answered 422 Unprocessable Entity to POST api.example.com.");
  });

  test("at most 64 KB of an error's body are read", async () => {
    server.answer((_, response) => {
      sendProvider(response, 500, {}, Buffer.alloc(1_000_000, "x"));
    });
    const error: unknown = await vault.request(GRANT_ID, "GET", URL_).catch((reason: unknown) => reason);
    if (!ProviderAPIError.is(error)) throw error;
    expect(error.responseBody).toBe("x".repeat(65_536));
  });

  test("on request 4xx and 5xx are returned", async () => {
    server.answer((_, response) => sendProvider(response, 404, {}, "nope"));
    const response = await vault.request(GRANT_ID, "GET", URL_, { throwOnProviderError: false });
    expect(response.status).toBe(404);
    expect(await response.text()).toBe("nope");
  });

  test("a redirect that was asked for is returned", async () => {
    server.answer((_, response) => sendProvider(response, 302, { location: "https://elsewhere.example/" }, ""));
    const response = await vault.request(GRANT_ID, "GET", URL_, { redirect: "manual" });
    expect(response.status).toBe(302);
    expect(response.headers.get("location")).toBe("https://elsewhere.example/");
    expect(last().envelope.redirect).toBe("manual");
    expect(server.seen).toHaveLength(1);
  });

  test.each([204, 304])("%i has no body", async (status) => {
    server.answer((_, response) => sendProvider(response, status, {}, ""));
    const response = await vault.request(GRANT_ID, "GET", URL_);
    expect(response).toMatchObject({ status, body: null });
  });

  test("a status of the provider's own invention survives", async () => {
    server.answer((_, response) => sendProvider(response, 999, {}, "denied"));
    const response = await vault.request(GRANT_ID, "GET", URL_, { throwOnProviderError: false });
    expect(response).toMatchObject({ status: 999, ok: false });
    expect(await response.text()).toBe("denied");
  });

  test("an answer to HEAD has the length the provider named", async () => {
    server.answer((_, response) => sendProvider(response, 200, { "alter-content-length": "12345" }, ""));
    const response = await vault.request(GRANT_ID, "HEAD", URL_);
    expect(response.headers.get("content-length")).toBe("12345");
  });

  test("a provider's problem+json is the provider's", async () => {
    server.answer((_, response) =>
      sendProvider(response, 403, { "content-type": "application/problem+json" }, '{"code":"grant_revoked"}'),
    );
    await expect(vault.request(GRANT_ID, "GET", URL_)).rejects.toBeInstanceOf(ProviderAPIError);
  });
});
