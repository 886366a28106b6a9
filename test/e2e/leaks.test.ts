import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { AlterVault, ProviderAPIError } from "@alter-vault/sdk";
import { parseApiKey } from "@alter-vault/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { getThrough, rawCall, withHeaders } from "../harness/raw-call.ts";
import { startUpstream, type Upstream } from "../harness/upstream.ts";
import { startVaultProcess, type VaultProcess } from "../harness/vault-process.ts";

/*
 * Canaries: a unique value for each kind of secret, a vault that does a bit of everything, well and badly, and then a
 * search for the canaries in every form, everywhere that something could have got out.
 */
const TOKEN = "fake-canary-token-Zk4vQ0w8uX2s";
const SIGV4_SECRET = "fake-canary-sigv4-Jm3Lr9TqYb1p";
const BASIC = "fake-canary-basic-Hn7Wd5ScVe6g";
const BODY = "fake-canary-body-Pq2Ns8KfAx4z";

let vault: VaultProcess;
let upstream: Upstream;
const answers: string[] = [];

beforeAll(async () => {
  upstream = await startUpstream(({ url, headers, body }, response) => {
    const status = url.startsWith("/fail") ? 500 : 200;
    response.writeHead(status, { "x-seen": String(headers.authorization) });
    response.end(`you sent ${headers.authorization} and ${body.toString().length} bytes`);
  });
  vault = await startVaultProcess();
  const grantId = await vault.bearer(TOKEN, upstream.origin);
  const store = (name: string, injection: object, value: object): Promise<string> =>
    rawCall(vault.url, vault.apiKey, {
      path: "/v1/secrets",
      body: JSON.stringify({ name, injection, value, allowed_hosts: [upstream.origin] }),
    }).then(({ body }) => {
      answers.push(body.toString());
      return (JSON.parse(body.toString()) as { grant_id: string }).grant_id;
    });
  const basic = await store("basic", { kind: "basic" }, { kind: "basic", username: "user", password: BASIC });
  const sigv4 = await store(
    "sigv4",
    { kind: "sigv4", region: "us-east-1", service: "s3" },
    { kind: "sigv4", access_key_id: "AKIDFAKE", secret_access_key: SIGV4_SECRET },
  );
  for (const grant of [grantId, basic, sigv4]) {
    for (const path of ["/ok", "/fail"]) {
      const answer = await rawCall(vault.url, vault.apiKey, {
        alter: { ...getThrough(grant, `${upstream.origin}${path}`), "alter-method": "POST" },
        body: BODY,
      });
      answers.push(answer.body.toString(), JSON.stringify(answer.headers));
    }
  }
  // Badly: a forbidden header that holds a token, a URL that holds one, a wrong kind of body, a value of the wrong form.
  for (const call of [
    { alter: { ...getThrough(grantId, `${upstream.origin}/x`), ...withHeaders(["authorization", `Bearer ${TOKEN}`]) } },
    { alter: getThrough(grantId, `https://x:${TOKEN}@${upstream.host}/`) },
    { alter: getThrough(grantId, `${upstream.origin}/x?access_token=${TOKEN}`) },
    { path: "/v1/secrets", body: `{"value": "${TOKEN}"` },
    {
      path: "/v1/secrets",
      body: JSON.stringify({
        name: "x",
        injection: { kind: "bearer" },
        value: { kind: "bearer", token: `${TOKEN}\n` },
        allowed_hosts: ["a.example"],
      }),
    },
    {
      path: "/v1/secrets",
      body: JSON.stringify({
        name: "x",
        injection: { kind: "basic" },
        value: { kind: "bearer", token: TOKEN },
        allowed_hosts: ["a.example"],
      }),
    },
  ]) {
    const answer = await rawCall(vault.url, vault.apiKey, call);
    answers.push(answer.body.toString());
  }
  for (const path of [
    "/v1/secrets",
    "/v1/grants",
    "/v1/keys",
    "/v1/audit",
    "/v1/audit/export",
    "/v1/keyring",
    "/v1/whoami",
  ]) {
    answers.push((await rawCall(vault.url, vault.apiKey, { method: "GET", path })).body.toString());
  }
  for (const path of ["/metrics", "/openapi.json", "/readyz", "/"])
    answers.push(await (await fetch(vault.url + path)).text());

  const sdk = new AlterVault({ apiKey: vault.apiKey, baseUrl: vault.url });
  const failure: unknown = await sdk
    .request("GET", `${upstream.origin}/fail`, { grantId })
    .catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ProviderAPIError);
  for (const value of [sdk, failure, sdk.fetch(grantId), sdk.aws({ grantId })]) {
    answers.push(inspect(value, { depth: 20, showHidden: true }), JSON.stringify(value) ?? "", String(value));
  }
  await sdk.close();
});
afterAll(async () => {
  await vault.stop();
  await upstream.close();
});

function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const base64 = bytes.toString("base64");
  return [
    secret,
    base64.slice(0, -4),
    bytes.toString("base64url").slice(0, -4),
    bytes.toString("hex"),
    encodeURIComponent(secret),
    secret.slice(0, 22),
    secret.slice(-14),
  ];
}

function expectNone(text: string | Buffer, where: string): void {
  const apiSecret = parseApiKey(vault.apiKey)?.secret ?? "";
  for (const secret of [TOKEN, SIGV4_SECRET, BASIC, apiSecret]) {
    for (const form of formsOf(secret)) expect(text.includes(form), `a form of a canary in ${where}`).toBe(false);
  }
}

test("in no answer of the vault or of the SDK", () => {
  expect(answers.length).toBeGreaterThan(30);
  answers.forEach((answer, index) => expectNone(answer, `answer ${index}: ${answer.slice(0, 60)}`));
});

test("in no log line, at the most talkative level", () => {
  expectNone(vault.log(), "the log");
});

test("in no file of the data directory but the ones that are keys, and bodies are nowhere", async () => {
  await vault.kill();
  const files = readdirSync(vault.dataDir).filter((name) => name !== "operator.key");
  expect(files).toContain("vault.db");
  expect(files).toContain("vault.db-wal");
  for (const name of files) {
    const content = readFileSync(join(vault.dataDir, name));
    expectNone(content, name);
    expect(content.includes(BODY), `a request body in ${name}`).toBe(false);
  }
});
