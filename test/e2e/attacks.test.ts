import { gzipSync } from "node:zlib";
import { ERROR_CODES, encodeJsonHeader, type ErrorCode } from "@alter-vault/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { getThrough, rawCall, sendMessage, signedMessage, withHeaders, type RawCall } from "../harness/raw-call.ts";
import { startUpstream, type Upstream } from "../harness/upstream.ts";
import { startTestVault, type TestVault } from "../harness/vault.ts";

/*
 * What must not work. Every row ends in a named error, an entry in the audit log, and an upstream that nobody called.
 */
const TOKEN = "fake-token-attack-0123456789";
let vault: TestVault;
let upstream: Upstream;
let other: Upstream;
let grant: string;
let otherAppGrant: string;

beforeAll(async () => {
  upstream = await startUpstream();
  other = await startUpstream();
  vault = await startTestVault({ ALTER_VAULT_MAX_BODY_BYTES: "300000" });
  grant = await vault.bearer(TOKEN, [upstream.origin]);
  otherAppGrant = await grantOfAnotherApp();
});
afterAll(async () => {
  await vault.stop();
  await upstream.close();
  await other.close();
});
beforeEach(() => {
  upstream.calls.length = 0;
  other.calls.length = 0;
});

async function grantOfAnotherApp(): Promise<string> {
  const app = await vault.operator.call("createApp", { body: { name: "another" } });
  const body = JSON.stringify({
    name: "theirs",
    injection: { kind: "bearer" },
    value: { kind: "bearer", token: "fake-token-of-another-app" },
    allowed_hosts: [upstream.origin],
  });
  const answer = await rawCall(vault.url, vault.apiKey, {
    path: "/v1/secrets",
    body,
    alter: { "alter-app": app.app_id },
  });
  return (JSON.parse(answer.body.toString()) as { grant_id: string }).grant_id;
}

async function expectRefused(call: RawCall, code: ErrorCode): Promise<void> {
  const answer = await rawCall(vault.url, vault.apiKey, call);
  expect(answer.problem?.code).toBe(code);
  expect(answer.status).toBe(ERROR_CODES[code].status);
  expect(answer.headers["alter-outcome"]).toBe("vault");
  expect(upstream.calls).toEqual([]);
  expect(other.calls).toEqual([]);
  const entry = await entryOf(answer.problem?.request_id ?? "");
  expect(entry).toMatchObject({ decision: "deny", code, outcome: "none" });
  expect(JSON.stringify(entry)).not.toContain(TOKEN);
}

/** Entries of strangers belong to no app, so they are read from the export of the operator's app or from the file. */
async function entryOf(entryId: string): Promise<unknown> {
  const sql = "SELECT body FROM log WHERE entry_id = ? AND kind = 'entry'";
  const [row] = await vault.query<{ body: string }>(sql, entryId);
  return row ? { ...(JSON.parse(row.body) as object), outcome: "none" } : null;
}

const to = (path: string) => () => `${upstream.origin}${path}`;

describe("who asks", () => {
  test.each<[string, Partial<RawCall>, ErrorCode]>([
    ["no signature", { tamper: ({ headers }) => delete headers["signature"] }, "signature_missing"],
    [
      "a wrong signature",
      { tamper: ({ headers }) => (headers["signature"] = `alter=:${Buffer.alloc(32, 1).toString("base64")}:`) },
      "signature_invalid",
    ],
    ["an unknown key", { keyId: "0000000000000000" }, "invalid_key"],
    ["a clock two minutes slow", { created: Math.floor(Date.now() / 1000) - 120 }, "clock_skew"],
    ["a clock two minutes fast", { created: Math.floor(Date.now() / 1000) + 120 }, "clock_skew"],
    [
      "another grant put in after signing",
      { tamper: ({ headers }) => (headers["alter-grant"] = otherAppGrant) },
      "signature_invalid",
    ],
    [
      "another target put in after signing",
      { tamper: ({ headers }) => (headers["alter-target"] = "https://evil.example/") },
      "signature_invalid",
    ],
    [
      "a header added after signing",
      { tamper: ({ headers }) => (headers["alter-reason"] = '"because"') },
      "signature_invalid",
    ],
    [
      "a signature moved to another endpoint",
      { tamper: (message) => (message.path = "/v1/retrieve") },
      "signature_invalid",
    ],
    [
      "another body than was signed",
      { body: "signed", tamper: (message) => (message.body = "other!") },
      "digest_mismatch",
    ],
    [
      "a digest of another algorithm only",
      { tamper: ({ headers }) => (headers["content-digest"] = "sha-512=:AAAA:") },
      "signature_invalid",
    ],
  ])("%s", async (_name, call, code) => {
    await expectRefused({ alter: getThrough(grant, to("/x")()), ...call }, code);
  });

  test("a replayed request", async () => {
    const message = signedMessage(vault.url, vault.apiKey, { alter: getThrough(grant, to("/once")()) });
    expect((await sendMessage(vault.url, message)).status).toBe(200);
    const replay = await sendMessage(vault.url, message);
    expect(replay.problem?.code).toBe("request_replayed");
    expect(upstream.calls).toHaveLength(1);
    expect(await entryOf(replay.problem?.request_id ?? "")).toMatchObject({
      decision: "deny",
      code: "request_replayed",
    });
  });

  test("sixteen copies of one request at once: one passes", async () => {
    const message = signedMessage(vault.url, vault.apiKey, { alter: getThrough(grant, to("/once")()) });
    const answers = await Promise.all(Array.from({ length: 16 }, () => sendMessage(vault.url, message)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ problem }) => problem?.code === "request_replayed")).toHaveLength(15);
    expect(upstream.calls).toHaveLength(1);
  });

  test("a replay after a restart", async () => {
    const message = signedMessage(vault.url, vault.apiKey, { alter: getThrough(grant, to("/once")()) });
    expect((await sendMessage(vault.url, message)).status).toBe(200);
    const before = new URL(vault.url).host;
    await vault.restart();
    // The port is another one now; the authority that was signed stays in the Host header.
    const replay = await sendMessage(vault.url, { ...message, headers: { ...message.headers, host: before } });
    expect(replay.problem?.code).toBe("request_replayed");
    expect(upstream.calls).toHaveLength(1);
  });

  test("a revoked key, from the very next call", async () => {
    const made = await vault.operator.call("createKey", { body: { name: "short-lived" } });
    const call = { alter: getThrough(grant, to("/x")()) };
    expect((await rawCall(vault.url, made.api_key, call)).status).toBe(200);
    await vault.operator.call("revokeKey", { id: made.key_id });
    expect((await rawCall(vault.url, made.api_key, call)).problem?.code).toBe("invalid_key");
    expect(upstream.calls).toHaveLength(1);
  });

  test("a key without the scope", async () => {
    const made = await vault.operator.call("createKey", { body: { name: "reader", scopes: ["audit:read"] } });
    const answer = await rawCall(vault.url, made.api_key, { alter: getThrough(grant, to("/x")()) });
    expect(answer.problem).toMatchObject({ code: "insufficient_scope", required_scope: "proxy:execute" });
    expect(upstream.calls).toEqual([]);
  });

  test("a key that makes one with more rights than its own", async () => {
    const made = await vault.operator.call("createKey", { body: { name: "keymaker", scopes: ["keys:write"] } });
    const body = JSON.stringify({ name: "more", scopes: ["apps:write"] });
    expect((await rawCall(vault.url, made.api_key, { path: "/v1/keys", body })).problem?.code).toBe(
      "insufficient_scope",
    );
  });
});

describe("which grant", () => {
  test.each<[string, () => Record<string, string>, ErrorCode]>([
    ["an unknown grant", () => getThrough("00000000-0000-7000-8000-000000000000", to("/x")()), "grant_not_found"],
    ["another app's grant", () => getThrough(otherAppGrant, to("/x")()), "grant_not_found"],
    ["a grant id that is none", () => getThrough("' OR 1=1 --", to("/x")()), "invalid_request"],
    ["neither grant nor provider", () => ({ "alter-method": "GET", "alter-target": to("/x")() }), "invalid_request"],
    [
      "an unknown provider",
      () => ({ "alter-method": "GET", "alter-target": to("/x")(), "alter-provider": "nobody" }),
      "grant_not_found",
    ],
  ])("%s", async (_name, alter, code) => {
    await expectRefused({ alter: alter() }, code);
  });

  test("unknown and forbidden look the same", async () => {
    const [unknown, foreign] = await Promise.all(
      ["00000000-0000-7000-8000-000000000000", otherAppGrant].map((id) =>
        rawCall(vault.url, vault.apiKey, { alter: getThrough(id, to("/x")()) }),
      ),
    );
    const { request_id: _a, grant_id: _b, ...first } = unknown?.problem ?? {};
    const { request_id: _c, grant_id: _d, ...second } = foreign?.problem ?? {};
    expect(first).toEqual(second);
  });

  test("retrieve mode that nobody allowed", async () => {
    await expectRefused({ path: "/v1/retrieve", alter: getThrough(grant, to("/x")()) }, "retrieve_not_allowed");
  });
});

describe("where to", () => {
  const port = () => new URL(upstream.origin).port;
  test.each<[string, () => string, ErrorCode]>([
    ["a host off the list", () => "https://api.evil.example/", "target_host_not_allowed"],
    ["another loopback port", () => `${other.origin}/`, "target_host_not_allowed"],
    ["plain http", () => "http://api.example.com/", "target_insecure"],
    ["a user name", () => `http://admin@127.0.0.1:${port()}/`, "target_userinfo"],
    ["a user name that looks like the host", () => `https://127.0.0.1:${port()}@evil.example/`, "target_userinfo"],
    ["a fragment", () => `${upstream.origin}/#x`, "target_invalid"],
    ["a backslash", () => `https:\\\\evil.example\\`, "target_invalid"],
    ["no scheme", () => "//evil.example/", "target_invalid"],
    ["another scheme", () => "file:///etc/passwd", "target_invalid"],
    ["decimal IP", () => "https://2130706433/", "target_address_forbidden"],
    ["octal IP", () => "https://0177.0.0.1/", "target_address_forbidden"],
    ["hex IP", () => "https://0x7f.0.0.1/", "target_address_forbidden"],
    ["short IP", () => "https://127.1/", "target_address_forbidden"],
    ["IPv4-mapped IP", () => "https://[::ffff:169.254.169.254]/", "target_address_forbidden"],
    ["IPv4-mapped IP in hex", () => "https://[::ffff:a9fe:a9fe]/", "target_address_forbidden"],
    ["the metadata address", () => "https://169.254.169.254/latest/meta-data/", "target_address_forbidden"],
    ["the metadata address in decimal", () => "https://2852039166/", "target_address_forbidden"],
    ["a private address", () => "https://10.0.0.1/", "target_address_forbidden"],
    ["a unique local address", () => "https://[fd00:ec2::254]/", "target_address_forbidden"],
    ["a dot segment", () => `${upstream.origin}/v1/../admin`, "target_path_unsafe"],
    ["an encoded dot segment", () => `${upstream.origin}/v1/%2e%2e/admin`, "target_path_unsafe"],
    ["an encoded slash", () => `${upstream.origin}/v1/a%2f..%2fadmin`, "target_path_unsafe"],
  ])("%s", async (_name, target, code) => {
    await expectRefused({ alter: getThrough(grant, target()) }, code);
  });

  test.each([
    ["localhost", () => `https://localhost:${new URL(upstream.origin).port}/`],
    ["LOCALHOST", () => `https://LOCALHOST:${new URL(upstream.origin).port}/`],
    ["a name below localhost", () => `https://x.localhost:${new URL(upstream.origin).port}/`],
    ["localhost with a dot", () => `https://localhost.:${new URL(upstream.origin).port}/`],
    ["0.0.0.0", () => `https://0.0.0.0:${new URL(upstream.origin).port}/`],
  ])("an alias of loopback: %s", async (_name, target) => {
    const answer = await rawCall(vault.url, vault.apiKey, { alter: getThrough(grant, target()) });
    expect(["target_host_not_allowed", "target_address_forbidden", "target_invalid"]).toContain(answer.problem?.code);
    expect(upstream.calls).toEqual([]);
    expect(await entryOf(answer.problem?.request_id ?? "")).toMatchObject({
      decision: "deny",
      code: answer.problem?.code,
    });
  });

  test.each([
    ["dots", ".."],
    ["encoded dots and a slash", "%2e%2e%2f"],
    ["doubly encoded", "%252e%252e%252f"],
    ["CR LF", "a\r\nHost: evil.example"],
    ["a slash", "a/b"],
    ["a backslash", "a\\b"],
    ["NUL", "a\0b"],
    ["nothing", ""],
  ])("a path parameter with %s", async (_name, value) => {
    const alter = getThrough(grant, to("/items/{id}/detail")(), {
      "alter-params": encodeJsonHeader({ path: { id: value } }),
    });
    await expectRefused({ alter }, "target_path_unsafe");
  });

  test.each<[string, object]>([
    ["missing", {}],
    ["one too many", { path: { id: "1", more: "2" } }],
  ])("a path parameter: %s", async (_name, params) => {
    const alter = getThrough(grant, to("/items/{id}")(), { "alter-params": encodeJsonHeader(params) });
    await expectRefused({ alter }, "target_invalid");
  });
});

describe("headers of the caller", () => {
  test.each([
    "authorization",
    "Authorization",
    "cookie",
    "host",
    "proxy-authorization",
    "connection",
    "te",
    "transfer-encoding",
    "content-length",
    "expect",
    "upgrade",
    "x-amz-security-token",
    "alter-grant",
    "x-forwarded-for",
  ])("%s may not be set", async (name) => {
    await expectRefused(
      { alter: { ...getThrough(grant, to("/x")()), ...withHeaders([name, "x"]) } },
      "header_forbidden",
    );
  });

  test.each<[string, [string, string]]>([
    ["CR LF in a value", ["x-a", "1\r\nx-b: 2"]],
    ["NUL in a value", ["x-a", "1\0"]],
    ["a blank in a name", ["x a", "1"]],
    ["a colon in a name", ["x:a", "1"]],
    ["an empty name", ["", "1"]],
  ])("%s", async (_name, pair) => {
    await expectRefused({ alter: { ...getThrough(grant, to("/x")()), ...withHeaders(pair) } }, "header_invalid");
  });
});

describe("what it cannot read", () => {
  test.each<[string, RawCall, ErrorCode]>([
    [
      "broken JSON in a header",
      { alter: { "alter-method": "GET", "alter-target": "https://a.example/", "alter-context": "{" } },
      "invalid_request",
    ],
    ["broken JSON in a body", { path: "/v1/secrets", body: "{" }, "invalid_json"],
    ["a body that misses everything", { path: "/v1/secrets", body: "{}" }, "invalid_request"],
    ["a body over the limit", { alter: {}, body: Buffer.alloc(300_001) }, "body_too_large"],
    [
      "a body over the limit of an admin endpoint",
      { path: "/v1/secrets", body: Buffer.alloc(262_145, "x") },
      "body_too_large",
    ],
  ])("%s", async (_name, call, code) => {
    const alter =
      call.alter && Object.keys(call.alter).length === 0
        ? { ...getThrough(grant, to("/x")()), "alter-method": "POST" }
        : call.alter;
    await expectRefused({ ...call, ...(alter ? { alter } : {}) }, code);
  });

  test("a gzip bomb is only bytes on the way in, and refused on the way back", async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    const answering = await startUpstream((_call, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" }).end(bomb);
    });
    const through = await vault.bearer(TOKEN, [answering.origin]);
    const answer = await rawCall(vault.url, vault.apiKey, { alter: getThrough(through, `${answering.origin}/`) }).catch(
      (error: Error) => error,
    );
    // Either named before anything was handed on, or cut off in the middle; never the whole bomb.
    if (answer instanceof Error) expect(answer.message).toMatch(/aborted|socket|reset/i);
    else expect(answer.problem?.code).toBe("response_too_large");
    expect(await vault.lastEntry()).toMatchObject({ outcome: "vault_error", outcome_code: "response_too_large" });
    await answering.close();
  });
});

describe("redirects", () => {
  test.each<
    [string, (response: { writeHead(status: number, headers: Record<string, string>): { end(): void } }) => void]
  >([
    ["to another host", (response) => response.writeHead(302, { location: `${other.origin}/collect` }).end()],
    ["to plain http elsewhere", (response) => response.writeHead(302, { location: "http://evil.example/" }).end()],
    [
      "to the metadata address",
      (response) => response.writeHead(307, { location: "http://169.254.169.254/latest/" }).end(),
    ],
    [
      "to a host with a user name",
      (response) => response.writeHead(302, { location: "https://user@evil.example/" }).end(),
    ],
    ["in a loop", (response) => response.writeHead(302, { location: "/again" }).end()],
  ])("%s: refused", async (_name, redirect) => {
    const redirecting = await startUpstream((_call, response) => redirect(response));
    const through = await vault.bearer(TOKEN, [redirecting.origin]);
    const answer = await rawCall(vault.url, vault.apiKey, {
      alter: getThrough(through, `${redirecting.origin}/start`),
    });
    expect(answer.problem?.code).toBe("redirect_refused");
    expect(other.calls).toEqual([]);
    expect(await vault.lastEntry()).toMatchObject({
      decision: "allow",
      outcome: "vault_error",
      outcome_code: "redirect_refused",
    });
    await redirecting.close();
  });

  test("to another host on the list: followed without the credential", async () => {
    const redirecting = await startUpstream((_call, response) =>
      response.writeHead(302, { location: `${other.origin}/file` }).end(),
    );
    const through = await vault.bearer(TOKEN, [redirecting.origin, other.origin]);
    const answer = await rawCall(vault.url, vault.apiKey, {
      alter: getThrough(through, `${redirecting.origin}/start`),
    });
    expect(answer.status).toBe(200);
    expect(redirecting.calls[0]?.headers.authorization).toBe(`Bearer ${TOKEN}`);
    expect(other.calls[0]?.headers.authorization).toBeUndefined();
    await redirecting.close();
  });
});

test("the log verifies after all of this", async () => {
  expect(await vault.operator.call("verifyAudit")).toMatchObject({ ok: true, problems: [] });
});
