import { makeProblem, type ProviderInfo } from "@alter-vault/protocol";
import { beforeEach, expect, test } from "vitest";
import { createCore, type Core } from "./core.ts";
import { AlterValueError } from "./errors.ts";
import { fakePlatform, type FakePlatform } from "./fake-platform.test-support.ts";
import { FAKE_API_KEY, sendProblem, sendVaultJson } from "./fake-vault.test-support.ts";
import { createOAuthProviders, type OAuthProviders } from "./oauth-providers.ts";
import { useFakeVault } from "./use-fake-vault.test-support.ts";

const GOOGLE: ProviderInfo = {
  provider_id: "google",
  name: "Google",
  description: "Mail, calendar, files",
  category: "productivity",
  kind: "oidc",
  status: "stable",
  source: "catalogue",
  verified: "whole",
  verified_on: "2026-01-02",
  configured: true,
  variables: [],
  scopes: [{ id: "calendar.read", description: "Read calendars", access: "read", sensitive: false }],
  operations: [],
  api_base_url: "https://www.googleapis.com",
  api_hosts: ["www.googleapis.com"],
  docs_url: "https://provider.example/docs",
  console_url: null,
  notes: [],
};
const GITHUB: ProviderInfo = { ...GOOGLE, provider_id: "github", name: "GitHub", configured: false };

const fake = useFakeVault();
let machine: FakePlatform;
let core: Core;
let providers: OAuthProviders;
beforeEach(() => {
  fake.server.answer((_, response) => sendVaultJson(response, 200, { providers: [GOOGLE, GITHUB] }));
  machine = fakePlatform(fake.server);
  core = createCore({ apiKey: FAKE_API_KEY, baseUrl: fake.server.url }, machine);
  providers = createOAuthProviders(core);
});

const ids = (list: readonly { readonly providerId: string }[]): string[] => list.map(({ providerId }) => providerId);

test("the catalogue, in the SDK's names", async () => {
  const [google] = await providers.list();
  expect(google).toEqual({
    providerId: "google",
    name: "Google",
    description: "Mail, calendar, files",
    category: "productivity",
    kind: "oidc",
    status: "stable",
    source: "catalogue",
    verified: "whole",
    verifiedOn: "2026-01-02",
    configured: true,
    variables: [],
    scopes: GOOGLE.scopes,
    operations: [],
    apiBaseUrl: "https://www.googleapis.com",
    apiHosts: ["www.googleapis.com"],
    docsUrl: "https://provider.example/docs",
    consoleUrl: null,
    notes: [],
  });
  expect(fake.server.seen[0]).toMatchObject({ method: "GET", path: "/v1/providers" });
});

test("is asked for once in five minutes, whatever part of it is wanted", async () => {
  expect(ids(await providers.list())).toEqual(["google", "github"]);
  expect(ids(await providers.list({ configured: true }))).toEqual(["google"]);
  expect(ids(await providers.list({ configured: false }))).toEqual(["github"]);
  machine.slept = 299_999;
  await providers.list();
  expect(fake.server.seen).toHaveLength(1);
  machine.slept = 300_000;
  fake.server.skewSeconds = 300;
  await providers.list();
  expect(fake.server.seen).toHaveLength(2);
});

test("is asked for anew on demand", async () => {
  await providers.list();
  fake.server.answer((_, response) => sendVaultJson(response, 200, { providers: [GITHUB] }));
  expect(ids(await providers.list({ forceRefresh: true }))).toEqual(["github"]);
  expect(ids(await providers.list())).toEqual(["github"]);
  expect(fake.server.seen).toHaveLength(2);
});

test("a failure is not kept", async () => {
  fake.server.answer(
    (_, response) => sendProblem(response, makeProblem("storage_unavailable", "down")),
    (_, response) => sendVaultJson(response, 200, { providers: [GOOGLE] }),
  );
  await expect(providers.list()).rejects.toMatchObject({ code: "storage_unavailable" });
  expect(ids(await providers.list())).toEqual(["google"]);
});

test("what is kept is not given out after closing", async () => {
  await providers.list();
  core.close();
  await expect(providers.list()).rejects.toMatchObject({ code: "closed" });
});

test("one provider", async () => {
  fake.server.answer((_, response) => sendVaultJson(response, 200, GITHUB));
  expect(await providers.get("github")).toMatchObject({ providerId: "github", configured: false });
  await providers.get("a/b");
  expect(fake.server.seen.map(({ path }) => path)).toEqual(["/v1/providers/github", "/v1/providers/a%2Fb"]);
  fake.server.answer((_, response) => sendProblem(response, makeProblem("provider_not_found", "no such provider")));
  await expect(providers.get("nobody")).rejects.toMatchObject({ name: "BackendError", code: "provider_not_found" });
  await expect(providers.get("")).rejects.toThrow(AlterValueError);
  await expect(providers.list({ force: true } as object)).rejects.toThrow(/no option "force"/);
});

test("an AlterVault has one of its own", async () => {
  expect(fake.vault.oauthProviders).toBe(fake.vault.oauthProviders);
  expect(ids(await fake.vault.oauthProviders.list())).toEqual(["google", "github"]);
});
