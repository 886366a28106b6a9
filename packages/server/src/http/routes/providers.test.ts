import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { refusal, startVaultOfTwo, type VaultOfTwo } from "./vault.test-support.ts";

/** An entry that is right, from the catalogue's own files, under another name. */
const LINEAR = readFileSync(new URL("../../../../providers/data/linear.yaml", import.meta.url), "utf8");
const acme = (id = "acme", aliases = ""): string =>
  LINEAR.replace("id: linear", `id: ${id}`)
    .replace(/^aliases:.*\n/m, "")
    .replace(/^category:/m, `aliases: [${aliases}]\ncategory:`);

let vault: VaultOfTwo;
beforeAll(async () => {
  vault = await startVaultOfTwo();
});
afterAll(() => vault.stop());

test("the catalogue is listed, and which of it is configured", async () => {
  const { one, other } = vault;
  const { providers } = await one.call("listProviders");
  expect(providers.length).toBeGreaterThan(80);
  expect(providers.find(({ provider_id }) => provider_id === "github")).toMatchObject({
    name: "GitHub",
    source: "catalogue",
    configured: false,
  });
  await one.call("putProviderConfig", {
    id: "github",
    body: { client_id: "fake-client", client_secret: "fake-client-secret" },
  });
  const configured = await one.call("listProviders", { query: { configured: "true" } });
  expect(configured.providers.map(({ provider_id }) => provider_id)).toEqual(["github"]);
  const rest = await one.call("listProviders", { query: { configured: "false" } });
  expect(rest.providers).toHaveLength(providers.length - 1);
  expect((await other.call("listProviders", { query: { configured: "true" } })).providers).toEqual([]);
  await one.call("deleteProviderConfig", { id: "github" });
});

test("a provider is shown by id and by alias, with what an operator must give", async () => {
  const { one } = vault;
  const gmail = await one.call("getProvider", { id: "gmail" });
  expect(gmail).toMatchObject({ provider_id: "google", configured: false });
  const generic = await one.call("getProvider", { id: "oauth2" });
  const required = Object.fromEntries(generic.variables.map(({ name, required: needed }) => [name, needed]));
  expect(required).toEqual({
    authorize_url: true,
    token_url: true,
    userinfo_url: true,
    api_host: true,
    revoke_url: false,
  });
  expect(await refusal(one.call("getProvider", { id: "no-such-provider" }))).toMatchObject({
    code: "provider_not_found",
    provider_id: "no-such-provider",
  });
});

test("an app's own entry is added, replaced and removed, and another app sees nothing of it", async () => {
  const { one, other } = vault;
  const added = await one.call("addProvider", { body: { definition: acme("acme", "acme-crm") } });
  expect(added).toMatchObject({ provider_id: "acme", source: "custom", configured: false });
  expect(await vault.entry("addProvider")).toMatchObject({ provider: "acme", decision: "allow", outcome: "done" });
  expect(await one.call("getProvider", { id: "acme-crm" })).toEqual(added);
  await one.call("addProvider", { body: { definition: acme("acme").replace(/^name: .*$/m, "name: Acme Two") } });
  expect(await one.call("getProvider", { id: "acme" })).toMatchObject({ name: "Acme Two" });

  for (const id of ["acme", "acme-crm"]) {
    expect(await refusal(other.call("getProvider", { id }))).toMatchObject({ code: "provider_not_found" });
    expect(await refusal(other.call("removeProvider", { id }))).toMatchObject({ code: "provider_not_found" });
  }
  expect((await other.call("listProviders")).providers.some(({ provider_id }) => provider_id === "acme")).toBe(false);

  expect(await one.call("removeProvider", { id: "acme" })).toMatchObject({ provider_id: "acme" });
  expect(await refusal(one.call("getProvider", { id: "acme" }))).toMatchObject({ code: "provider_not_found" });
});

test("an entry that is wrong is refused with every place and what to do", async () => {
  const wrong = acme()
    .replace(/^kind: .*$/m, "kind: oauth3")
    .replace(/^verifiedOn: .*$/m, "verifiedOn: yesterday");
  const problem = await refusal(vault.one.call("addProvider", { body: { definition: wrong } }));
  expect(problem.code).toBe("provider_invalid");
  expect(problem.issues?.map(({ path }) => path)).toEqual(expect.arrayContaining(["/kind", "/verifiedOn"]));
  expect(problem.issues?.[0]?.message).toMatch(/^line \d+: .+; .+/);
  expect(await vault.entry("addProvider")).toMatchObject({ decision: "deny", code: "provider_invalid" });
  expect(await refusal(vault.one.call("addProvider", { body: { definition: "a: [" } }))).toMatchObject({
    code: "provider_invalid",
  });
});

test("a pattern that never ends does not stop the vault", async () => {
  const endless = acme().replace(
    /^category:/m,
    `variables:
  shop: { label: Shop, kind: segment, pattern: "(a+)+b", from: user, example: ${"a".repeat(60)} }
category:`,
  );
  expect(await refusal(vault.one.call("addProvider", { body: { definition: endless } }))).toMatchObject({
    code: "provider_invalid",
    detail: expect.stringContaining("takes too long") as string,
  });
});

test.each([
  ["an id of the catalogue", acme("github"), "/id"],
  ["an alias of the catalogue as id", acme("gmail"), "/id"],
  ["an id of the catalogue as alias", acme("acme", "github"), "/aliases/0"],
])("%s is not taken", async (_name, definition, path) => {
  expect(await refusal(vault.one.call("addProvider", { body: { definition } }))).toMatchObject({
    code: "conflict",
    issues: [{ path }],
  });
  expect(await vault.entry("addProvider")).toMatchObject({ decision: "deny", code: "conflict" });
});

test("a name of another entry of the app is not taken", async () => {
  const { one } = vault;
  await one.call("addProvider", { body: { definition: acme("first", "shared") } });
  for (const definition of [acme("shared"), acme("second", "first"), acme("second", "shared")]) {
    expect(await refusal(one.call("addProvider", { body: { definition } }))).toMatchObject({ code: "conflict" });
  }
  await one.call("removeProvider", { id: "first" });
});

test("what ships with the vault is not removed", async () => {
  expect(await refusal(vault.one.call("removeProvider", { id: "github" }))).toMatchObject({
    code: "provider_not_found",
    detail: expect.stringContaining("ships with the vault") as string,
  });
});

test("an entry that is configured stays until it is not", async () => {
  const { one } = vault;
  await one.call("addProvider", { body: { definition: acme() } });
  await one.call("putProviderConfig", { id: "acme", body: { client_id: "fake", client_secret: "fake-client-secret" } });
  expect(await refusal(one.call("removeProvider", { id: "acme" }))).toMatchObject({ code: "conflict" });
  await one.call("deleteProviderConfig", { id: "acme" });
  expect(await one.call("removeProvider", { id: "acme" })).toMatchObject({ provider_id: "acme" });
});

test("an entry with connected accounts stays until they are revoked", async () => {
  const { one } = vault;
  await one.call("addProvider", { body: { definition: acme() } });
  const grantId = await vault.connectAccount("acme");
  expect(await refusal(one.call("removeProvider", { id: "acme" }))).toMatchObject({
    code: "conflict",
    grant_id: grantId,
    detail: expect.stringContaining("grants revoke --provider acme") as string,
  });
  expect(await vault.entry("removeProvider")).toMatchObject({ decision: "deny", code: "conflict" });
  await vault.withStore((store) => store.endOAuthGrant(vault.appId, grantId, "revoked", 2));
  expect(await one.call("removeProvider", { id: "acme" })).toMatchObject({ provider_id: "acme" });
});
