import type { InjectionRule, SecretMaterial } from "@alter-vault/protocol";
import { describe, expect, test } from "vitest";
import { checkSecret, inject, type Injected, type Outbound } from "./inject.ts";

const OPTIONS = { nowMs: 0, bodySha256: null };

function call(url = "https://api.example.com/v1/things", headers: [string, string][] = []): Outbound {
  return { method: "GET", url: new URL(url), headers };
}

function run(rule: InjectionRule, material: SecretMaterial, outbound: Outbound): Extract<Injected, { ok: true }> {
  const injected = inject(rule, material, outbound, OPTIONS);
  if (!injected.ok) throw new Error(injected.detail);
  return injected;
}

interface Row {
  what: string;
  rule: InjectionRule;
  material: SecretMaterial;
  url?: string;
  sent?: [string, string][];
  headers?: [string, string][];
  goesTo?: string;
  credentialHeaders?: string[];
  credentialQuery?: string[];
  secrets: string[];
}

const PLAIN = "https://api.example.com/v1/things";
const queryKey = (name = "api_key"): InjectionRule => ({ kind: "api-key", in: "query", name });

const ROWS: Row[] = [
  {
    what: "bearer",
    rule: { kind: "bearer" },
    material: { kind: "bearer", token: "fake-token-1" },
    sent: [["accept", "text/plain"]],
    headers: [
      ["accept", "text/plain"],
      ["authorization", "Bearer fake-token-1"],
    ],
    credentialHeaders: ["authorization"],
    secrets: ["fake-token-1"],
  },
  {
    what: "bearer over every header of the caller with that name, in any case",
    rule: { kind: "bearer" },
    material: { kind: "bearer", token: "fake-token-1" },
    sent: [
      ["authorization", "Bearer of-the-caller"],
      ["x-a", "1"],
      ["Authorization", "Bearer of-the-caller-too"],
      ["x-a", "2"],
    ],
    headers: [
      ["x-a", "1"],
      ["x-a", "2"],
      ["authorization", "Bearer fake-token-1"],
    ],
    credentialHeaders: ["authorization"],
    secrets: ["fake-token-1"],
  },
  {
    what: "API key in a header",
    rule: { kind: "api-key", in: "header", name: "X-Api-Key" },
    material: { kind: "api-key", key: "fake-key-1" },
    sent: [["x-api-key", "of-the-caller"]],
    headers: [["x-api-key", "fake-key-1"]],
    credentialHeaders: ["x-api-key"],
    secrets: ["fake-key-1"],
  },
  {
    what: "API key in a header, with a prefix",
    rule: { kind: "api-key", in: "header", name: "authorization", prefix: "Token" },
    material: { kind: "api-key", key: "fake-key-1" },
    headers: [["authorization", "Token fake-key-1"]],
    credentialHeaders: ["authorization"],
    secrets: ["fake-key-1"],
  },
  {
    what: "API key in the query",
    rule: queryKey(),
    material: { kind: "api-key", key: "fake-key-1" },
    goesTo: `${PLAIN}?api_key=fake-key-1`,
    credentialQuery: ["api_key"],
    secrets: ["fake-key-1"],
  },
  {
    what: "API key in the query, encoded; the rest of the query byte for byte",
    rule: queryKey(),
    material: { kind: "api-key", key: "a+b&c=d e/é%" },
    url: `${PLAIN}?q=a+b%20c&empty=&bare&&x=%c3%a9~'`,
    goesTo: `${PLAIN}?q=a+b%20c&empty=&bare&&x=%c3%a9~%27&api_key=a%2Bb%26c%3Dd%20e%2F%C3%A9%25`,
    credentialQuery: ["api_key"],
    secrets: ["a+b&c=d e/é%", "a%2Bb%26c%3Dd%20e%2F%C3%A9%25"],
  },
  {
    what: "API key in the query over every spelling of its name, and over no other name",
    rule: queryKey("api key"),
    material: { kind: "api-key", key: "fake-key-1" },
    url: `${PLAIN}?api+key=1&x=2&api%20key=3&%61pi%20%6bey&API+key=4&api_key=5&?api+key=6`,
    goesTo: `${PLAIN}?x=2&API+key=4&api_key=5&?api+key=6&api%20key=fake-key-1`,
    credentialQuery: ["api key"],
    secrets: ["fake-key-1"],
  },
  {
    what: "API key in the query under a name that needs encoding",
    rule: queryKey("ключ[]"),
    material: { kind: "api-key", key: "fake-key-1" },
    url: `${PLAIN}?%D0%BA%D0%BB%D1%8E%D1%87%5B%5D=of-the-caller`,
    goesTo: `${PLAIN}?%D0%BA%D0%BB%D1%8E%D1%87%5B%5D=fake-key-1`,
    credentialQuery: ["ключ[]"],
    secrets: ["fake-key-1"],
  },
  {
    // RFC 7617, section 2.
    what: "basic",
    rule: { kind: "basic" },
    material: { kind: "basic", username: "Aladdin", password: "open sesame" },
    headers: [["authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="]],
    credentialHeaders: ["authorization"],
    secrets: ["QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "open sesame"],
  },
  {
    // RFC 7617, section 2.1. So short a password may be a filler, so the user name counts as secret, too.
    what: "basic in UTF-8",
    rule: { kind: "basic" },
    material: { kind: "basic", username: "test", password: "123£" },
    headers: [["authorization", "Basic dGVzdDoxMjPCow=="]],
    credentialHeaders: ["authorization"],
    secrets: ["dGVzdDoxMjPCow==", "123£", "test"],
  },
  {
    what: "basic with the key as user name",
    rule: { kind: "basic" },
    material: { kind: "basic", username: "fake-key-1", password: "" },
    headers: [["authorization", "Basic ZmFrZS1rZXktMTo="]],
    credentialHeaders: ["authorization"],
    secrets: ["ZmFrZS1rZXktMTo=", "fake-key-1"],
  },
  {
    what: "basic with colons in the password",
    rule: { kind: "basic" },
    material: { kind: "basic", username: "", password: "fake:pass:word" },
    headers: [["authorization", "Basic OmZha2U6cGFzczp3b3Jk"]],
    credentialHeaders: ["authorization"],
    secrets: ["OmZha2U6cGFzczp3b3Jk", "fake:pass:word"],
  },
  {
    what: "custom headers and query, constants and literal braces",
    rule: {
      kind: "custom",
      headers: { "X-Client": "{client_id}", "X-Sig": 'v1 {{"k":"{client_id}:{key}"}}', "X-Version": "2024-01-01" },
      query: { tenant: "t-{client_id}", format: "json" },
    },
    material: { kind: "custom", fields: { client_id: "fake-client", key: "fake/key" } },
    url: `${PLAIN}?tenant=of-the-caller&format=xml&a=1`,
    sent: [
      ["x-version", "1999-01-01"],
      ["accept", "*/*"],
    ],
    headers: [
      ["accept", "*/*"],
      ["x-client", "fake-client"],
      ["x-sig", 'v1 {"k":"fake-client:fake/key"}'],
      ["x-version", "2024-01-01"],
    ],
    goesTo: `${PLAIN}?a=1&tenant=t-fake-client&format=json`,
    credentialHeaders: ["x-client", "x-sig", "x-version"],
    credentialQuery: ["tenant", "format"],
    secrets: [
      "fake-client",
      "fake/key",
      'v1 {"k":"fake-client:fake/key"}',
      "t-fake-client",
      "fake%2Fkey",
      "v1%20%7B%22k%22%3A%22fake-client%3Afake%2Fkey%22%7D",
    ],
  },
  {
    what: "a custom cookie over the caller's cookies",
    rule: { kind: "custom", headers: { cookie: "session={session}" }, query: {} },
    material: { kind: "custom", fields: { session: "fake-session-1" } },
    sent: [["cookie", "session=of-the-caller; a=b"]],
    headers: [["cookie", "session=fake-session-1"]],
    credentialHeaders: ["cookie"],
    secrets: ["fake-session-1", "session=fake-session-1"],
  },
];

describe("what goes out", () => {
  test.each(ROWS)("$what", (row) => {
    const outbound = call(row.url ?? PLAIN, row.sent ?? []);
    const before = outbound.url.href;
    const injected = run(row.rule, row.material, outbound);
    expect(injected).toEqual({
      ok: true,
      url: new URL(row.goesTo ?? row.url ?? PLAIN),
      headers: row.headers ?? row.sent ?? [],
      credentialHeaders: row.credentialHeaders ?? [],
      credentialQuery: row.credentialQuery ?? [],
      secrets: expect.any(Array),
    });
    expect(injected.url.href).toBe(row.goesTo ?? row.url ?? PLAIN);
    expect(injected.secrets.toSorted()).toEqual(row.secrets.toSorted());
    expect(outbound.url.href).toBe(before);
    expect(checkSecret(row.rule, row.material)).toEqual({ ok: true });
  });
});

const bearer = (token: string): SecretMaterial => ({ kind: "bearer", token });
const apiKey = (key: string): SecretMaterial => ({ kind: "api-key", key });
const basic = (username: string, password: string): SecretMaterial => ({ kind: "basic", username, password });
const keyIn = (name: string): InjectionRule => ({ kind: "api-key", in: "header", name });
const custom = (headers: Record<string, string>, query: Record<string, string> = {}): InjectionRule => ({
  kind: "custom",
  headers,
  query,
});
const fields = (values: Record<string, string>): SecretMaterial => ({ kind: "custom", fields: values });
const aws = (id: string, secret = "fake-secret", token?: string): SecretMaterial => ({
  kind: "sigv4",
  access_key_id: id,
  secret_access_key: secret,
  ...(token === undefined ? {} : { session_token: token }),
});

const REFUSED: [what: string, rule: InjectionRule, material: SecretMaterial, paths: string[]][] = [
  ["kinds that differ", { kind: "bearer" }, apiKey("fake-canary"), ["value.kind"]],
  ["kinds that differ, SigV4", { kind: "sigv4" }, bearer("fake-canary"), ["value.kind"]],
  ["LF in a token", { kind: "bearer" }, bearer("fake-canary\nx-evil: 1"), ["value.token"]],
  ["CR in a token", { kind: "bearer" }, bearer("fake-canary\rx"), ["value.token"]],
  ["NUL in a token", { kind: "bearer" }, bearer("fake-canary\0"), ["value.token"]],
  ["DEL in a token", { kind: "bearer" }, bearer("fake-canary\x7f"), ["value.token"]],
  ["a token beyond Latin-1", { kind: "bearer" }, bearer("fake-canary-ключ"), ["value.token"]],
  ["a token with its scheme", { kind: "bearer" }, bearer("Bearer fake-canary"), ["value.token"]],
  ["white space in a token", { kind: "bearer" }, bearer("fake canary"), ["value.token"]],
  ["an empty token", { kind: "bearer" }, bearer(""), ["value.token"]],
  ["CRLF in a key", keyIn("x-api-key"), apiKey("fake-canary\r\nx-evil: 1"), ["value.key"]],
  ["a space after a key", keyIn("x-api-key"), apiKey("fake-canary "), ["value.key"]],
  ["CRLF in a query key", queryKey(), apiKey("fake-canary\r\n"), ["value.key"]],
  ["a control in a query name", queryKey("a\n"), apiKey("fake-canary"), ["injection.name"]],
  ["half a character in a query name", queryKey("a\ud800"), apiKey("fake-canary"), ["injection.name"]],
  [
    "a prefix in the query",
    { ...queryKey(), prefix: "Token" } as InjectionRule,
    apiKey("fake-canary"),
    ["injection.prefix"],
  ],
  ...["a b", "a:b", "é", "", "a\r\n"].map((name): [string, InjectionRule, SecretMaterial, string[]] => [
    `no header name: ${JSON.stringify(name)}`,
    keyIn(name),
    apiKey("fake-canary"),
    ["injection.name"],
  ]),
  ...[
    "Host",
    "content-length",
    "Connection",
    "keep-alive",
    "TE",
    "trailer",
    "Transfer-Encoding",
    "upgrade",
    "expect",
    "Proxy-Authorization",
    "proxy-connection",
    "Cookie",
  ].map((name): [string, InjectionRule, SecretMaterial, string[]] => [
    `the header ${name}`,
    keyIn(name),
    apiKey("fake-canary"),
    ["injection.name"],
  ]),
  ["a colon in a user name", { kind: "basic" }, basic("a:b", "fake-canary"), ["value.username"]],
  ["a control in a user name", { kind: "basic" }, basic("a\n", "fake-canary"), ["value.username"]],
  ["a control in a password", { kind: "basic" }, basic("a", "fake-canary\x7f"), ["value.password"]],
  ["half a character in a password", { kind: "basic" }, basic("a", "fake-canary\udc00"), ["value.password"]],
  ["neither user name nor password", { kind: "basic" }, basic("", ""), ["value.password"]],
  [
    "a field that is not there",
    custom({ a: "{nope}{key}" }),
    fields({ key: "fake-canary" }),
    ["injection.headers.a", "value.fields.key"],
  ],
  [
    "a field name of Object.prototype",
    custom({ a: "{constructor}" }),
    fields({}),
    ["injection.headers.a", "value.fields"],
  ],
  [
    "a field that is not used",
    custom({ a: "{key}" }),
    fields({ key: "fake-canary", more: "x" }),
    ["value.fields.more"],
  ],
  ["no field", custom({ a: "constant" }), fields({}), ["value.fields"]],
  ["nothing to set", custom({}), fields({ key: "fake-canary" }), ["injection.headers", "value.fields.key"]],
  ["a stray {", custom({ a: "{key} {" }), fields({ key: "fake-canary" }), ["injection.headers.a", "value.fields.key"]],
  ["a stray }", custom({ a: "}{key}" }), fields({ key: "fake-canary" }), ["injection.headers.a", "value.fields.key"]],
  [
    "no field name",
    custom({ a: "{Key}{key}" }),
    fields({ key: "fake-canary" }),
    ["injection.headers.a", "value.fields.key"],
  ],
  ["CRLF out of a field", custom({ a: "{key}" }), fields({ key: "fake-canary\r\nx-evil: 1" }), ["injection.headers.a"]],
  ["CRLF out of a template", custom({ a: "x\r\n{key}" }), fields({ key: "fake-canary" }), ["injection.headers.a"]],
  ["CRLF in a query template", custom({}, { a: "x\r\n{key}" }), fields({ key: "fake-canary" }), ["injection.query.a"]],
  [
    "a control in a query name of a rule",
    custom({}, { "a\0": "{key}" }),
    fields({ key: "fake-canary" }),
    ["injection.query.a\0"],
  ],
  ["a template beyond Latin-1", custom({ a: "ключ {key}" }), fields({ key: "fake-canary" }), ["injection.headers.a"]],
  [
    "a header of the connection",
    custom({ "Content-Length": "{key}" }),
    fields({ key: "fake-canary" }),
    ["injection.headers.Content-Length"],
  ],
  [
    "one header twice",
    custom({ "X-A": "{key}", "x-a": "{key}" }),
    fields({ key: "fake-canary" }),
    ["injection.headers.x-a"],
  ],
  ["a slash in an AWS key id", { kind: "sigv4" }, aws("AKID/x"), ["value.access_key_id"]],
  ["CRLF in an AWS key id", { kind: "sigv4" }, aws("AKID\r\nx"), ["value.access_key_id"]],
  ["LF in an AWS secret key", { kind: "sigv4" }, aws("AKID", "fake-canary\n"), ["value.secret_access_key"]],
  ["LF in an AWS session token", { kind: "sigv4" }, aws("AKID", "fake", "fake-canary\n"), ["value.session_token"]],
  ["no AWS region name", { kind: "sigv4", region: "us/east" }, aws("AKID"), ["injection.region"]],
  ["no AWS service name", { kind: "sigv4", service: "" }, aws("AKID"), ["injection.service"]],
];

describe("what is refused, at storing and at calling", () => {
  test.each(REFUSED)("%s", (_what, rule, material, paths) => {
    const checked = checkSecret(rule, material);
    expect(checked.ok ? [] : checked.issues.map((issue) => issue.path)).toEqual(paths);

    const injected = inject(rule, material, call("https://sqs.eu-west-1.amazonaws.com/"), OPTIONS);
    expect(injected).toMatchObject({ ok: false, code: "credential_unreadable" });
    expect(JSON.stringify([checked, injected])).not.toContain("canary");
  });
});
