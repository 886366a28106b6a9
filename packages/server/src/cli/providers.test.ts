import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadConfig } from "../config.ts";
import { initDataDir, startLocalVault, type LocalVault } from "../local-vault.ts";
import { oauthCredential, oauthGrant } from "../store/contract.test-support.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import { around, json, run } from "./run-cli.test-support.ts";

/** Providers, their entries and their grants, against a real vault on 127.0.0.1. */
const root = mkdtempSync(join(tmpdir(), "alter-vault-providers-"));
const data = join(root, "data");
const here = (...args: string[]): string[] => [...args, "--data", data];
const SECRET = "fake-client-secret-71c0";

let vault: LocalVault;
let appId: string;
let databasePath: string;
beforeAll(async () => {
  const config = loadConfig("dev", { ALTER_VAULT_DATA: data, ALTER_VAULT_PORT: "0" }, {});
  databasePath = config.databasePath;
  await initDataDir(config, around);
  vault = await startLocalVault(config, around);
  const { answer } = await json<{ apps: { app_id: string }[] }>(here("apps", "list"));
  appId = answer.apps[0]?.app_id ?? "";
});
afterAll(async () => {
  await vault.stop();
  rmSync(root, { recursive: true, force: true });
});

const fileOf = (name: string, text: string): string => {
  const path = join(root, name);
  writeFileSync(path, text);
  return path;
};
const LINEAR = readFileSync(new URL("../../../providers/data/linear.yaml", import.meta.url), "utf8");
const acme = LINEAR.replace("id: linear", "id: acme").replace(/^aliases:.*\n/m, "");

async function connectAccount(provider: string): Promise<string> {
  const id = around.newId();
  const grant = oauthGrant(appId, { id, provider, account: { id, identifier: `ada-${provider}`, name: "Ada" } });
  const store = openSqliteStore(databasePath);
  await store.insertOAuthGrant(grant, oauthCredential(grant, { state: "failing", problem: "server_error" }));
  await store.close();
  return id;
}

test("the catalogue is listed and shown", async () => {
  const listed = await json<{ providers: { provider_id: string }[] }>(here("providers", "list"));
  expect(listed.code).toBe(0);
  expect(listed.answer.providers.map(({ provider_id }) => provider_id)).toContain("google");
  const text = await run(here("providers", "list"));
  expect(text.stdout).toMatch(/^PROVIDER .*NAME .*CATEGORY .*KIND .*SOURCE .*CONFIGURED\n/);
  expect((await run(here("providers", "list", "--configured"))).stdout).toBe("(none)\n");
  const shown = await run(here("providers", "show", "microsoft"));
  expect(shown.stdout).toMatch(/VARIABLE .*FROM/);
  expect(shown.stdout).toMatch(/SCOPE .*ACCESS/);
  expect(shown.stdout).toContain("tenant");
  expect(await json(here("providers", "show", "no-such"))).toMatchObject({
    code: 4,
    answer: { code: "provider_not_found" },
  });
});

test("a provider is configured step by step, and the secret stays", async () => {
  const first = await json<{ redirect_uri: string }>(
    here("providers", "configure", "github", "--client-id", "fake-1", "--client-secret-stdin", "--scope", "repo"),
    { stdin: `${SECRET}\n` },
  );
  expect(first).toMatchObject({
    code: 0,
    answer: {
      client_id: "fake-1",
      has_client_secret: true,
      default_scopes: ["repo"],
      allowed_scopes: null,
      console_url: expect.stringMatching(/^https:/) as string,
    },
  });
  expect(first.answer.redirect_uri).toMatch(/\/oauth\/callback$/);
  const more = here("providers", "configure", "github", "--scope", "gist", "--allow-scope", "repo");
  expect((await json(more)).answer).toMatchObject({
    client_id: "fake-1",
    has_client_secret: true,
    default_scopes: ["gist"],
    allowed_scopes: ["repo", "gist"],
  });
  const text = await run(here("providers", "configure", "github", "--client-id", "fake-2", "--allow-all-scopes"));
  expect(text.code).toBe(0);
  expect(text.stdout).toContain("Register this redirect URI at GitHub, letter by letter:\n  http");
  expect(text.stdout).toContain("Where apps are registered: https://github.com/");
  expect((await json(here("providers", "show", "github"))).answer).toMatchObject({
    configured: true,
    config: { client_id: "fake-2", allowed_scopes: null, default_scopes: ["gist"] },
  });
  expect((await run(here("providers", "show", "github"))).stdout).toMatch(/client id +fake-2/);
  expect(JSON.stringify([first, text])).not.toContain(SECRET);
});

test("variables, a private key, a redirect and a schema are kept and added to", async () => {
  const { privateKey } = generateKeyPairSync("ed25519");
  const pem = fileOf("app.pem", privateKey.export({ format: "pem", type: "pkcs8" }).toString());
  const app = here("providers", "configure", "github-app", "--client-id", "12", "--private-key-file", pem);
  expect(await json([...app, "--private-key-id", "k1", "--variable", "app_slug=example-app"])).toMatchObject({
    code: 0,
    answer: { has_private_key: true, variables: { app_slug: "example-app" } },
  });
  expect((await json(here("providers", "configure", "github-app", "--client-id", "13"))).answer).toMatchObject({
    has_private_key: true,
    variables: { app_slug: "example-app" },
  });
  const schema = fileOf("schema.json", JSON.stringify({ type: "object", required: ["plan"] }));
  const ebay = here("providers", "configure", "ebay", "--client-id", "x", "--client-secret-stdin");
  const made = [...ebay, "--redirect-uri", "Ada-Example-fake", "--grant-schema-file", schema];
  expect((await json(made, { stdin: SECRET })).answer).toMatchObject({
    redirect_uri: "Ada-Example-fake",
    grant_schema: { type: "object", required: ["plan"] },
  });
  expect((await json(here("providers", "configure", "ebay", "--client-id", "y"))).answer).toMatchObject({
    client_id: "y",
    redirect_uri: "Ada-Example-fake",
    grant_schema: { required: ["plan"] },
  });
  expect((await json(here("providers", "configure", "ebay", "--no-grant-schema"))).answer).toMatchObject({
    client_id: "y",
    grant_schema: null,
  });
  const gitlab = here("providers", "configure", "gitlab", "--client-id", "x", "--client-secret-stdin");
  const own = await json([...gitlab, "--variable", "host=git.example.com"], { stdin: SECRET });
  expect(own.answer).toMatchObject({ variables: { host: "git.example.com" } });
  expect((await json(here("providers", "configure", "gitlab", "--variable", "host="))).answer).toMatchObject({
    variables: {},
  });
});

test.each<[string, string[], number, string]>([
  ["no client id", ["configure", "linear"], 2, "usage"],
  ["a secret in argv", ["configure", "linear", "--client-id", "x", "--client-secret=canary-value"], 2, "usage"],
  ["a secret of two lines", ["configure", "linear", "--client-id", "x", "--client-secret-stdin"], 2, "usage"],
  ["no secret", ["configure", "linear", "--client-id", "x"], 1, "invalid_request"],
  ["a variable without a value", ["configure", "linear", "--client-id", "x", "--variable", "tenant"], 2, "usage"],
  ["a variable twice", ["configure", "x", "--client-id", "x", "--variable", "a=1", "--variable", "a=2"], 2, "usage"],
  [
    "both kinds of allowing",
    ["configure", "x", "--client-id", "x", "--allow-scope", "a", "--allow-all-scopes"],
    2,
    "usage",
  ],
  ["a key file that is not there", ["configure", "x", "--client-id", "x", "--private-key-file", "nothing"], 2, "usage"],
  ["forgetting without --yes", ["unconfigure", "github"], 2, "usage"],
  ["forgetting what is not there", ["unconfigure", "linear", "--yes"], 1, "provider_not_configured"],
  ["an unknown provider", ["configure", "no-such", "--client-id", "x"], 4, "provider_not_found"],
  ["removing without --yes", ["remove", "acme"], 2, "usage"],
  ["removing what ships", ["remove", "github", "--yes"], 4, "provider_not_found"],
  ["linting nothing", ["lint", "no-such-file.yaml"], 2, "usage"],
])("%s", async (_name, args, exitCode, code) => {
  const {
    stdout,
    stderr,
    code: ended,
  } = await run([...here("providers", ...args), "--json"], {
    stdin: "canary-value\nsecond line",
  });
  expect(ended).toBe(exitCode);
  expect(JSON.parse(stdout)).toMatchObject({ code });
  expect(stdout + stderr).not.toContain("canary-value");
});

test("an entry is linted, added, configured and removed", async () => {
  const file = fileOf("acme.yaml", acme);
  expect(await json(["providers", "lint", file])).toMatchObject({ code: 0, answer: { ok: true, provider_id: "acme" } });
  expect((await run(["providers", "lint", file])).stdout).toContain("is right");
  const added = await run(here("providers", "add", file));
  expect(added.code).toBe(0);
  expect(added.stdout).toContain("Next: alter-vault providers configure acme");
  expect((await json(here("providers", "show", "acme"))).answer).toMatchObject({ source: "custom" });
  const configure = here("providers", "configure", "acme", "--client-id", "x", "--client-secret-stdin");
  expect((await run(configure, { stdin: SECRET })).code).toBe(0);
  expect((await json(here("providers", "remove", "acme", "--yes"))).code).toBe(5);
  expect((await run(here("providers", "unconfigure", "acme", "--yes"))).stdout).toMatch(/^Forgotten\.\n/);
  expect((await run(here("providers", "remove", "acme", "--yes"))).stdout).toMatch(/^Removed\.\n/);
  expect((await json(here("providers", "show", "acme"))).code).toBe(4);
});

test("an entry that is wrong is told line by line, and not sent", async () => {
  const file = fileOf("wrong.yaml", acme.replace(/^kind: .*$/m, "kind: oauth3"));
  for (const args of [["providers", "lint", file], here("providers", "add", file)]) {
    const { code, stdout } = await run(args);
    expect(code).toBe(1);
    expect(stdout).toMatch(/wrong\.yaml:\d+ \/kind\n {2}.+\n {2}fix: .+\n1 thing is wrong with it\.\n/);
    expect(await json(args)).toMatchObject({ code: 1, answer: { ok: false, issues: [{ path: "/kind" }] } });
  }
  const taken = fileOf("taken.yaml", acme.replace("id: acme", "id: github"));
  expect(await json(here("providers", "add", taken))).toMatchObject({ code: 5, answer: { code: "conflict" } });
});

test("connected accounts are listed and shown with their account and credential", async () => {
  const id = await connectAccount("github");
  const { stdout } = await run(here("grants", "list", "--provider", "github"));
  expect(stdout).toMatch(/^GRANT ID .*PROVIDER .*ACCOUNT .*STATUS .*CREDENTIAL .*LABEL/);
  expect(stdout).toMatch(new RegExp(`${id} +github +ada-github +active +failing`));
  const shown = await run(here("grants", "show", id));
  expect(shown.stdout).toMatch(/account +ada-github\n/);
  expect(shown.stdout).toMatch(/problem +server_error\n/);
  expect(shown.stdout).toMatch(/not granted +write\n/);
});

test("data of a grant is set from an argument and from a file, and read", async () => {
  const id = await connectAccount("linear");
  expect((await run(here("grants", "data", "get", id))).stdout).toBe("{}\n");
  expect(await json(here("grants", "data", "set", id, '{"plan":"pro"}'))).toMatchObject({
    code: 0,
    answer: { grant_id: id, data: { plan: "pro" } },
  });
  const file = fileOf("data.json", '{"plan":"free"}');
  expect((await run(here("grants", "data", "set", id, "--file", file))).stdout).toBe('{\n  "plan": "free"\n}\n');
  expect((await json(here("grants", "data", "get", id))).answer).toMatchObject({ data: { plan: "free" } });
  for (const args of [[], ["[1]"], ["{"], ["{}", "--file", file]]) {
    expect((await run(here("grants", "data", "set", id, ...args))).code, args.join(" ")).toBe(2);
  }
  expect((await run(here("grants", "data", "get", around.newId()))).code).toBe(4);
});

test("settings of Connect are added to and taken from", async () => {
  const settings = here("connect", "settings");
  expect((await json(settings)).answer).toEqual({
    display_name: null,
    website_url: null,
    return_urls: [],
    origins: [],
  });
  const [one, two] = ["https://app.example.com/done", "http://localhost:3000/done"];
  await run([...settings, "--return-url", one, "--origin", "https://app.example.com", "--name", "Example"]);
  expect((await json([...settings, "--return-url", two, "--website", "https://example.com"])).answer).toEqual({
    display_name: "Example",
    website_url: "https://example.com",
    return_urls: [one, two],
    origins: ["https://app.example.com"],
  });
  const less = [...settings, "--remove-return-url", one, "--remove-origin", "https://app.example.com", "--name", ""];
  expect((await json(less)).answer).toMatchObject({ display_name: null, return_urls: [two], origins: [] });
  expect((await run(settings)).stdout).toMatch(/return URLs +http:\/\/localhost:3000\/done\n/);
  expect(await json([...settings, "--return-url", "http://app.example.com/"])).toMatchObject({
    code: 1,
    answer: { code: "invalid_request" },
  });
});

test("a link needs a vault that goes on running", async () => {
  const other = join(root, "stopped");
  await initDataDir(loadConfig("dev", { ALTER_VAULT_DATA: other }, {}), around);
  for (const args of [["link"], ["device", "--provider", "github"]]) {
    expect(await json(["connect", ...args, "--data", other])).toMatchObject({
      code: 1,
      answer: { code: "vault_not_running" },
    });
  }
});

test("without a running vault, the redirect URI is that of the vault to be served", async () => {
  const other = join(root, "for-one-command");
  await initDataDir(loadConfig("dev", { ALTER_VAULT_DATA: other }, {}), around);
  const args = ["providers", "configure", "github", "--client-id", "x", "--client-secret-stdin", "--data", other];
  const env = { ALTER_VAULT_PUBLIC_URL: "https://vault.example.com" };
  expect((await json(args, { stdin: SECRET, env })).answer).toMatchObject({
    redirect_uri: "https://vault.example.com/oauth/callback",
  });
  expect((await json(args, { stdin: SECRET })).answer).toMatchObject({
    redirect_uri: "http://127.0.0.1:8200/oauth/callback",
  });
});
