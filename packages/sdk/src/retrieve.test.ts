import { inspect } from "node:util";
import { createHash } from "node:crypto";
import { makeProblem } from "@alter-vault/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { AlterVault } from "./alter-vault.ts";
import { BackendError, ProviderAPIError } from "./errors.ts";
import {
  FAKE_API_KEY,
  FAKE_SECRET,
  GRANT_ID,
  sendProblem,
  sendVaultJson,
  startFakeProvider,
  startFakeVault,
  type FakeProvider,
  type FakeVault,
} from "./fake-vault.test-support.ts";
import { requestIdOf } from "./provider-response.ts";

const TOKEN = "fake-token-for-retrieve";
let server: FakeVault;
let provider: FakeProvider;
let elsewhere: FakeProvider;
let vault: AlterVault;

beforeAll(async () => {
  [server, provider, elsewhere] = await Promise.all([startFakeVault(), startFakeProvider(), startFakeProvider()]);
  vault = new AlterVault({ apiKey: FAKE_API_KEY, baseUrl: server.url, mode: "retrieve" });
});
afterAll(() => Promise.all([server.close(), provider.close(), elsewhere.close()]));
beforeEach(() => {
  for (const one of [server, provider, elsewhere]) one.seen.length = 0;
  inject({});
  provider.answer((_, response) => void response.end("fake answer"));
  elsewhere.answer((_, response) => void response.end("from elsewhere"));
});

/** What the vault gives out from now on. */
function inject(change: { method?: string; url?: string; headers?: Record<string, string> }): void {
  server.answer(({ envelope }, response) =>
    sendVaultJson(response, 200, {
      method: envelope.method,
      url: `${provider.url}/v1/items?api_key=${TOKEN}`,
      headers: { authorization: `Bearer ${TOKEN}`, "x-api-key": TOKEN, accept: "application/json" },
      grant_id: GRANT_ID,
      request_id: "fake-request-id",
      ...change,
    }),
  );
}

function get(options: object = {}): Promise<Response> {
  return vault.request(GRANT_ID, "GET", `${provider.url}/v1/items`, options);
}

describe("retrieve mode", () => {
  test("gets an injection for this one call, and sends the call itself", async () => {
    const response = await vault.request(GRANT_ID, "POST", `${provider.url}/v1/items`, { json: { a: 1 } });
    expect(await response.text()).toBe("fake answer");
    expect(requestIdOf(response)).toBe("fake-request-id");

    const [asked] = server.seen;
    expect(asked).toMatchObject({ method: "POST", path: "/v1/retrieve" });
    expect(asked?.body).toHaveLength(0);
    expect(asked?.envelope).toMatchObject({ method: "POST", grant_id: GRANT_ID, redirect: "manual" });
    expect(asked?.envelope.headers).toEqual([["content-type", "application/json"]]);
    expect(asked?.envelope.body_digest).toBe(createHash("sha256").update('{"a":1}').digest("hex"));

    const [sent] = provider.seen;
    expect(sent).toMatchObject({ method: "POST", path: `/v1/items?api_key=${TOKEN}` });
    expect(sent?.body.toString()).toBe('{"a":1}');
    expect(headersOf(sent)).toMatchObject({ authorization: `Bearer ${TOKEN}`, accept: "application/json" });
  });

  test("can be asked for with one call", async () => {
    const proxying = new AlterVault({ apiKey: FAKE_API_KEY, baseUrl: server.url });
    await proxying.request(GRANT_ID, "GET", `${provider.url}/v1/items`, { mode: "retrieve" });
    expect(server.seen.map(({ path }) => path)).toEqual(["/v1/retrieve"]);
  });

  test("has no digest for a body that is not known", async () => {
    await vault.request(GRANT_ID, "POST", `${provider.url}/v1/items`, { body: new Blob(["streamed"]).stream() });
    expect(server.seen[0]?.envelope.body_digest).toBeUndefined();
    expect(provider.seen[0]?.body.toString()).toBe("streamed");
  });

  test("a refusal is the same error as ever, and the provider is not called", async () => {
    server.answer((_, response) => sendProblem(response, makeProblem("retrieve_not_allowed", "not this grant")));
    await expect(get()).rejects.toMatchObject({
      code: "retrieve_not_allowed",
      name: "RestrictedGrantRequiresProxyError",
    });
    expect(provider.seen).toHaveLength(0);
  });

  test("an answer that is no injection is refused", async () => {
    server.answer((_, response) => sendVaultJson(response, 200, { url: provider.url }));
    await expect(get()).rejects.toMatchObject({ code: "internal" });
    expect(provider.seen).toHaveLength(0);
  });
});

describe("the two clients are two", () => {
  test("each gets its own fetch", async () => {
    const calls: [string, string][] = [];
    const spy =
      (name: string): typeof fetch =>
      (input, init) => {
        calls.push([name, new URL(input instanceof Request ? input.url : input).origin]);
        return fetch(input, init);
      };
    const both = new AlterVault({
      apiKey: FAKE_API_KEY,
      baseUrl: server.url,
      mode: "retrieve",
      fetch: spy("vault"),
      providerFetch: spy("provider"),
    });
    await both.request(GRANT_ID, "GET", `${provider.url}/v1/items`);
    expect(calls).toEqual([
      ["vault", server.url],
      ["provider", provider.url],
    ]);
  });

  test("a provider gets nothing of the key and nothing that is the vault's, whatever the injection says", async () => {
    inject({
      headers: { authorization: `Bearer ${TOKEN}`, "alter-grant": "x", Signature: "x", "Signature-Input": "x" },
    });
    provider.answer((path, response) => {
      if (path.startsWith("/v1/items")) response.writeHead(307, { location: "/again" });
      response.end("fake answer");
    });
    await get({ redirect: "follow", reason: "why", runId: "r" });
    expect(provider.seen).toHaveLength(2);
    const everything = inspect(provider.seen, { depth: 10, maxStringLength: null });
    expect(everything).toContain(TOKEN);
    for (const part of [FAKE_API_KEY, FAKE_SECRET, FAKE_API_KEY.split("_")[2] ?? "?"])
      expect(everything).not.toContain(part);
    expect(everything).not.toMatch(/alter-|signature|content-digest/i);
  });

  test("the vault gets nothing of the credential", async () => {
    await get();
    expect(inspect(server.seen, { depth: 10 })).not.toContain(TOKEN);
  });

  test.each<[string, () => void, RegExp]>([
    ["to the vault itself", () => inject({ url: `${server.url}/v1/grants` }), /vault itself/],
    ["in clear text", () => inject({ url: "http://api.example.com/" }), /clear text/],
    ["to no URL", () => inject({ url: "nonsense" }), /URL that is none/],
    [
      "with a malformed header",
      () => inject({ headers: { authorization: `Bearer ${TOKEN}\u{1f600}` } }),
      /header that cannot be sent/,
    ],
  ])("an injection %s is refused without showing it", async (_name, arrange, message) => {
    arrange();
    const error: unknown = await get().catch((reason: unknown) => reason);
    if (!BackendError.is(error)) throw error;
    expect(error.message).toMatch(message);
    expect(inspect(error, { depth: 10 })).not.toContain(TOKEN);
    expect(server.seen).toHaveLength(1);
    expect(provider.seen).toHaveLength(0);
  });

  test("no GET with a body", async () => {
    const call = vault.request(GRANT_ID, "GET", `${provider.url}/v1/items`, { json: {} });
    await expect(call).rejects.toThrow(/cannot have a body/);
  });
});

describe("redirects of the provider", () => {
  const redirectTo = (location: () => string, status = 302) =>
    provider.answer((path, response) => {
      if (path.startsWith("/v1/items")) response.writeHead(status, { location: location() });
      response.end("fake answer");
    });

  test("are returned by default", async () => {
    redirectTo(() => elsewhere.url);
    const response = await get();
    expect(response.status).toBe(302);
    expect(elsewhere.seen).toHaveLength(0);
  });

  test("to another origin take nothing of the injection along", async () => {
    redirectTo(() => `${elsewhere.url}/there`);
    const response = await get({ redirect: "follow" });
    expect(await response.text()).toBe("from elsewhere");
    expect(inspect(elsewhere.seen, { depth: 10 })).not.toContain(TOKEN);
    expect(headersOf(elsewhere.seen[0])).not.toHaveProperty("x-api-key");
  });

  test("and back again do not either", async () => {
    redirectTo(() => `${elsewhere.url}/there`);
    elsewhere.answer((_, response) => response.writeHead(302, { location: `${provider.url}/back` }).end() && undefined);
    await get({ redirect: "follow" });
    expect(headersOf(provider.seen[1])).not.toHaveProperty("authorization");
  });

  test("within the origin keep it", async () => {
    redirectTo(() => "/there");
    await get({ redirect: "follow" });
    expect(headersOf(provider.seen[1])).toMatchObject({ authorization: `Bearer ${TOKEN}` });
  });

  test("to the vault are refused", async () => {
    redirectTo(() => `${server.url}/v1/grants`);
    await expect(get({ redirect: "follow" })).rejects.toThrow(/vault itself/);
    expect(server.seen).toHaveLength(1);
  });

  test.each([
    ["a body to another origin", 307, () => `${elsewhere.url}/there`],
    ["something that is no URL", 302, () => "http://["],
  ])("of %s are refused", async (_name, status, location) => {
    redirectTo(location, status);
    const call = vault.request(GRANT_ID, "POST", `${provider.url}/v1/items`, { json: {}, redirect: "follow" });
    await expect(call).rejects.toMatchObject({ code: "redirect_refused" });
    expect(elsewhere.seen).toHaveLength(0);
  });

  test("are errors where the call says so", async () => {
    redirectTo(() => "/there");
    await expect(get({ redirect: "error" })).rejects.toMatchObject({ code: "redirect_refused" });
  });

  test("without end are ended", async () => {
    provider.answer((_, response) => response.writeHead(302, { location: "/again" }).end() && undefined);
    await expect(get({ redirect: "follow" })).rejects.toThrow(/more than 10/);
    expect(provider.seen).toHaveLength(11);
  });

  test("303 turns a POST into a GET without body", async () => {
    redirectTo(() => "/there", 303);
    await vault.request(GRANT_ID, "POST", `${provider.url}/v1/items`, { json: {}, redirect: "follow" });
    expect(provider.seen[1]).toMatchObject({ method: "GET", path: "/there" });
    expect(provider.seen[1]?.body).toHaveLength(0);
  });
});

describe("the credential in what the caller gets", () => {
  test("is not in the response's URL", async () => {
    const response = await get();
    expect(response.url).toBe(`${provider.url}/v1/items`);
    expect(inspect(response, { depth: 10, showHidden: true })).not.toContain(TOKEN);
  });

  test("is not in an error", async () => {
    provider.answer((_, response) => response.writeHead(500).end("fake failure") && undefined);
    const error: unknown = await get().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ProviderAPIError);
    expect(inspect(error, { depth: 10 }) + JSON.stringify(error)).not.toContain(TOKEN);
  });

  test("is not in the error of a broken connection", async () => {
    provider.answer((_, response) => void response.destroy());
    const error: unknown = await get().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "NetworkError" });
    expect(inspect(error, { depth: 10 })).not.toContain(TOKEN);
  });
});

function headersOf(seen: { rawHeaders: string[] } | undefined): Record<string, string> {
  const headers: Record<string, string> = {};
  const raw = seen?.rawHeaders ?? [];
  for (let i = 0; i < raw.length; i += 2) headers[(raw[i] ?? "").toLowerCase()] = raw[i + 1] ?? "";
  return headers;
}
