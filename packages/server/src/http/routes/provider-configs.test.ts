import { generateKeyPairSync } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import type { ProviderConfigPut } from "@alter-vault/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { refusal, startVaultOfTwo, type VaultOfTwo } from "./vault.test-support.ts";

const SECRET = "fake-client-secret-5b2e";
const PEM = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "pem", type: "pkcs8" });
const KEY = PEM.toString();
const OTHER_KEYS = [
  generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "pem", type: "pkcs1" }),
  generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "pem", type: "pkcs8" }),
  generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }),
].map(String);

let vault: VaultOfTwo;
beforeAll(async () => {
  vault = await startVaultOfTwo({ ALTER_VAULT_PUBLIC_URL: "https://vault.example.com/" });
});
afterAll(() => vault.stop());

const put = (id: string, body: ProviderConfigPut) => vault.one.call("putProviderConfig", { id, body });
const github = { client_id: "fake-client", client_secret: SECRET };

test("a client is configured, shown without its secret, and forgotten", async () => {
  const { one } = vault;
  const made = await put("github", { ...github, allowed_scopes: ["repo", "gist"], default_scopes: ["repo"] });
  expect(made).toMatchObject({
    provider_id: "github",
    client_id: "fake-client",
    has_client_secret: true,
    has_private_key: false,
    allowed_scopes: ["repo", "gist"],
    default_scopes: ["repo"],
    redirect_uri: "https://vault.example.com/oauth/callback",
  });
  expect(await one.call("getProviderConfig", { id: "github" })).toEqual(made);
  expect(await vault.entry("putProviderConfig")).toMatchObject({ provider: "github", outcome: "done" });
  expect(await one.call("deleteProviderConfig", { id: "github" })).toEqual(made);
  expect(await refusal(one.call("getProviderConfig", { id: "github" }))).toMatchObject({
    code: "provider_not_configured",
  });
  expect(await refusal(one.call("deleteProviderConfig", { id: "github" }))).toMatchObject({
    code: "provider_not_configured",
  });
});

test("an alias configures the provider behind it", async () => {
  expect(await put("gmail", github)).toMatchObject({ provider_id: "google" });
  expect(await vault.one.call("getProviderConfig", { id: "google" })).toMatchObject({ client_id: "fake-client" });
  for (const call of [
    put("no-such", github),
    vault.one.call("getProviderConfig", { id: "no-such" }),
    vault.one.call("deleteProviderConfig", { id: "no-such" }),
  ]) {
    expect(await refusal(call)).toMatchObject({ code: "provider_not_found" });
  }
});

test("the stored secret stays when none is given, sealed in its own place", async () => {
  const first = await put("github", github);
  const second = await put("github", { client_id: "fake-client-2" });
  expect(second).toMatchObject({ client_id: "fake-client-2", has_client_secret: true, created_at: first.created_at });
  const db = new DatabaseSync(vault.config.databasePath, { readOnly: true });
  const [row, ...more] = db.prepare("SELECT sealed_client FROM provider_configs WHERE provider = 'github'").all();
  db.close();
  expect(more).toEqual([]);
  expect(Buffer.from(row?.["sealed_client"] as Uint8Array).includes(SECRET)).toBe(false);
});

test("two who configure at the same moment leave a client that opens", async () => {
  const both = await Promise.all([1, 2, 3, 4].map((n) => put("slack", { ...github, client_id: `fake-${n}` })));
  expect(new Set(both.map(({ created_at }) => created_at)).size).toBeGreaterThan(0);
  // Keeping the secret means opening it.
  expect(await put("slack", { client_id: "fake-after" })).toMatchObject({ has_client_secret: true });
});

test("a damaged secret is said to be one, and can be given anew", async () => {
  await put("dropbox", github);
  const db = new DatabaseSync(vault.config.databasePath);
  db.exec("UPDATE provider_configs SET sealed_client = zeroblob(80) WHERE provider = 'dropbox'");
  db.close();
  expect(await refusal(put("dropbox", { client_id: "fake" }))).toMatchObject({ code: "credential_unreadable" });
  await put("dropbox", github);
  expect(await put("dropbox", { client_id: "fake" })).toMatchObject({ has_client_secret: true });
});

test("a private key is kept with its id, and never said", async () => {
  const body = { client_id: "12345", variables: { app_slug: "example-app" } };
  expect(await refusal(put("github-app", body))).toMatchObject({
    code: "invalid_request",
    issues: [{ path: "private_key" }],
  });
  expect(await put("github-app", { ...body, private_key: KEY, private_key_id: "k1" })).toMatchObject({
    has_private_key: true,
    has_client_secret: false,
  });
  expect(await put("github-app", { ...body, private_key_id: "k2" })).toMatchObject({ has_private_key: true });
  for (const private_key of OTHER_KEYS) {
    expect(await put("github-app", { ...body, private_key })).toMatchObject({ has_private_key: true });
  }
  const broken = KEY.replace(/\n[A-Za-z0-9+/]{64}\n/, "\n");
  for (const private_key of [
    broken,
    "fake-key",
    generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
  ]) {
    const problem = await refusal(put("github-app", { ...body, private_key }));
    expect(problem).toMatchObject({ code: "invalid_request", issues: [{ path: "private_key" }] });
    expect(JSON.stringify(problem)).not.toContain(private_key.split("\n")[1] ?? private_key);
  }
});

test.each<[string, string, ProviderConfigPut, string[]]>([
  ["no client secret", "figma", { client_id: "fake" }, ["client_secret"]],
  ["a variable that is missing", "auth0", github, ["variables.host"]],
  [
    "every variable that is missing",
    "oauth2",
    github,
    ["variables.authorize_url", "variables.token_url", "variables.userinfo_url", "variables.api_host"],
  ],
  ["an unknown variable", "microsoft", { ...github, variables: { tennant: "common" } }, ["variables.tennant"]],
  ["a variable of the user", "shopify", { ...github, variables: { shop: "ada" } }, ["variables.shop"]],
  ["a value that leads elsewhere", "microsoft", { ...github, variables: { tenant: "../x" } }, ["variables.tenant"]],
  [
    "an address of this machine",
    "github-enterprise",
    { ...github, variables: { host: "127.0.0.1:80" } },
    ["variables.host"],
  ],
  ["a key id without a key", "linear", { ...github, private_key_id: "k" }, ["private_key_id"]],
  ["a redirect that is none", "linear", { ...github, redirect_uri: "javascript:alert(1)" }, ["redirect_uri"]],
  ["a redirect with a fragment", "linear", { ...github, redirect_uri: "https://a.example/#x" }, ["redirect_uri"]],
  ["no registered name", "ebay", github, ["redirect_uri"]],
  [
    "a schema that is not checked",
    "linear",
    { ...github, grant_schema: { type: "object", if: {} } },
    ["grant_schema.if"],
  ],
])("%s is refused", async (_name, id, body, paths) => {
  const problem = await refusal(put(id, body));
  expect(problem.code).toBe("invalid_request");
  expect(problem.issues?.map(({ path }) => path)).toEqual(paths);
  expect(JSON.stringify(problem)).not.toContain(SECRET);
  expect(await vault.entry("putProviderConfig")).toMatchObject({ decision: "deny", code: "invalid_request" });
  expect((await vault.other.call("listProviders", { query: { configured: "true" } })).providers).toEqual([]);
});

test("variables are kept as they are used", async () => {
  const made = await put("github-enterprise", { ...github, variables: { host: "GitHub.Example.com" } });
  expect(made.variables).toEqual({ host: "github.example.com" });
});

test("what is registered under a name is said by that name", async () => {
  expect(await put("ebay", { ...github, redirect_uri: "Ada-Example-fake" })).toMatchObject({
    redirect_uri: "Ada-Example-fake",
  });
});

test("a default scope must be allowed", async () => {
  const problem = await refusal(
    put("linear", { ...github, allowed_scopes: ["read"], default_scopes: ["read", "admin"] }),
  );
  expect(problem).toMatchObject({ code: "provider_scope_not_allowed", provider_id: "linear" });
  expect(problem.detail).toContain("admin");
  expect(await vault.entry("putProviderConfig")).toMatchObject({
    decision: "deny",
    code: "provider_scope_not_allowed",
  });
});

test("another app sees nothing of it, and has one of its own", async () => {
  const { one, other } = vault;
  await put("asana", { ...github, client_id: "fake-one" });
  expect(await refusal(other.call("getProviderConfig", { id: "asana" }))).toMatchObject({
    code: "provider_not_configured",
  });
  expect(await refusal(other.call("deleteProviderConfig", { id: "asana" }))).toMatchObject({
    code: "provider_not_configured",
  });
  expect(await refusal(other.call("putProviderConfig", { id: "asana", body: { client_id: "x" } }))).toMatchObject({
    issues: [{ path: "client_secret" }],
  });
  await other.call("putProviderConfig", { id: "asana", body: { ...github, client_id: "fake-other" } });
  expect(await one.call("getProviderConfig", { id: "asana" })).toMatchObject({ client_id: "fake-one" });
  await other.call("deleteProviderConfig", { id: "asana" });
  expect(await one.call("getProviderConfig", { id: "asana" })).toMatchObject({ client_id: "fake-one" });
});

test("the audit log holds no secret and no key", async () => {
  const { entries } = await vault.one.call("listAudit", { query: { limit: 1000 } });
  const text = JSON.stringify(entries);
  expect(text).toContain("putProviderConfig");
  for (const canary of [SECRET, KEY.slice(60, 100), "fake-key"]) expect(text).not.toContain(canary);
});

test("a key rotation seals it again, and it still opens", async () => {
  await put("notion", github);
  expect(await vault.one.call("rotateKeyring")).toMatchObject({ stale_records: 0 });
  expect(await put("notion", { client_id: "fake" })).toMatchObject({ has_client_secret: true });
});
