import { encodeJsonHeader, HEADER } from "@alter-vault/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeFailure } from "./adapter-failure.ts";
import { AlterVault } from "./alter-vault.ts";
import { ProviderAPIError, ScopeReauthRequiredError } from "./errors.ts";
import {
  FAKE_API_KEY,
  GRANT_ID,
  sendProvider,
  sendVaultJson,
  startFakeProvider,
  startFakeVault,
  type FakeProvider,
  type FakeVault,
} from "./fake-vault.test-support.ts";

const URL_ = "https://api.example.com/items?secret=fake-query";
const OTHER_GRANT = GRANT_ID.replace("1111", "2222");

let server: FakeVault;
let provider: FakeProvider;
let vault: AlterVault;

beforeAll(async () => {
  server = await startFakeVault();
  provider = await startFakeProvider();
  vault = new AlterVault({ apiKey: FAKE_API_KEY, baseUrl: server.url });
});
afterAll(async () => {
  await server.close();
  await provider.close();
});

function answer(status: number, headers: Record<string, string>): void {
  server.answer((_, response) => sendProvider(response, status, headers, "no"));
}

async function failureOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => "it did not fail",
    (error: unknown) => error,
  );
}

describe("a 403 for want of scopes", () => {
  const scopes = ["calendar.read", "käse"];

  test("says grant, provider and scopes", async () => {
    answer(403, {
      [HEADER.missingScopes]: encodeJsonHeader(scopes),
      [HEADER.grantId]: OTHER_GRANT,
      [HEADER.provider]: "google",
      "x-own": "kept",
    });
    const failure = await failureOf(vault.request("GET", URL_, { provider: "gmail" }));
    if (!(failure instanceof ScopeReauthRequiredError)) throw failure;
    expect(failure).toBeInstanceOf(ProviderAPIError);
    expect(failure).toMatchObject({
      code: "scope_reauth_required",
      retryable: false,
      statusCode: 403,
      responseBody: "no",
      requestId: "fake-request-id",
      grantId: OTHER_GRANT,
      providerId: "google",
      missingScopes: scopes,
    });
    expect([...failure.headers.keys()].filter((name) => name.startsWith("alter-"))).toEqual([]);
    expect(failure.headers.get("x-own")).toBe("kept");
    expect(failure.message).not.toContain("fake-query");
  });

  test("is put into words that adapters may show", async () => {
    answer(403, { [HEADER.missingScopes]: "[]" });
    expect(describeFailure(await failureOf(vault.request(GRANT_ID, "GET", URL_)))).toEqual({
      code: "scope_reauth_required",
      title: "The grant lacks a scope of the provider",
      message: "The provider refuses the call because the grant lacks a scope.",
      fix: "Send the user to Connect for the missing scopes.",
      requestId: "fake-request-id",
      retryable: false,
      status: 403,
    });
  });

  test("takes grant and provider from the call where the vault does not name them", async () => {
    answer(403, { [HEADER.missingScopes]: '["a"]' });
    expect(await failureOf(vault.request(GRANT_ID, "GET", URL_))).toMatchObject({ grantId: GRANT_ID });
    expect(await failureOf(vault.request("GET", URL_, { provider: "google" }))).toMatchObject({
      providerId: "google",
      missingScopes: ["a"],
    });
  });

  test("is returned like any other where the call wants that", async () => {
    answer(403, { [HEADER.missingScopes]: '["a"]' });
    const response = await vault.request(GRANT_ID, "GET", URL_, { throwOnProviderError: false });
    expect(response.status).toBe(403);
  });
});

test.each([
  ["another status", 401, '["a"]'],
  ["something that is no JSON", 403, "a,b"],
  ["something that is no list of texts", 403, "[1]"],
])("%s is an ordinary answer of the provider", async (_name, status, header) => {
  answer(status, { [HEADER.missingScopes]: header });
  const failure = await failureOf(vault.request(GRANT_ID, "GET", URL_));
  expect(failure).toBeInstanceOf(ProviderAPIError);
  expect(failure).not.toBeInstanceOf(ScopeReauthRequiredError);
});

test("in retrieve mode the header would be the provider's own, and is not believed", async () => {
  const injection = { method: "GET", url: `${provider.url}/items`, headers: {}, grant_id: GRANT_ID, request_id: "r-1" };
  server.answer((_, response) => sendVaultJson(response, 200, injection));
  provider.answer((_, response) => void response.writeHead(403, { [HEADER.missingScopes]: '["a"]' }).end("no"));
  const failure = await failureOf(vault.request(GRANT_ID, "GET", `${provider.url}/items`, { mode: "retrieve" }));
  expect(failure).toBeInstanceOf(ProviderAPIError);
  expect(failure).not.toBeInstanceOf(ScopeReauthRequiredError);
});
