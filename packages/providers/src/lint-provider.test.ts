import { describe, expect, test } from "vitest";
import { ACME_TEXT, acmeWith } from "./acme.test-support.ts";
import { lintProvider, MAX_FILE_LENGTH } from "./lint-provider.ts";

const issuesOf = (text: string): { rule: string; path: string; line?: number }[] => {
  const result = lintProvider(text);
  return result.ok ? [] : result.issues.map(({ rule, path, line }) => ({ rule, path, ...(line ? { line } : {}) }));
};

test("the example of CONTRIBUTING.md passes", () => {
  expect(lintProvider(ACME_TEXT)).toMatchObject({ ok: true, provider: { id: "acme", status: "stable" } });
});

const segment = { label: "Id", kind: "segment", pattern: "[0-9]+", from: "user", example: "1" };
const token = (json: Record<string, unknown>): unknown => ({
  json: { access_token: "fake-acme-access-1", api_url: "https://eu1.acme.com", ...json },
});

/** One way to break each rule: what is changed, and the rule and place that must be named. */
const BROKEN: readonly (readonly [string, Readonly<Record<string, unknown>>, string, string])[] = [
  ["an unknown field", { "/colour": "red" }, "schema", ""],
  ["an unknown field inside", { "/token/colour": "red" }, "schema", "/token"],
  ["http", { "/token/url": "http://api.acme.com/token" }, "schema", "/token/url"],
  ["no hosts", { "/api/hosts": [] }, "schema", "/api/hosts"],
  ["a port in a host", { "/api/hosts": ["api.acme.com:8443"] }, "schema", "/api/hosts/0"],
  ["an upper-case id", { "/id": "Acme" }, "schema", "/id"],
  ["a category of its own", { "/category": "stuff" }, "schema", "/category"],
  ["a strategy of its own", { "/strategy": "run-my-code" }, "schema", "/strategy"],
  ["a day that is none", { "/verifiedOn": "2026-02-30" }, "schema", "/verifiedOn"],
  ["no identity", { "/identity": undefined }, "schema", "/identity"],
  ["no word on refresh", { "/refresh": undefined }, "schema", "/refresh"],
  ["a header with a line break", { "/api/headers/X-A": "a\r\nX-B: b" }, "schema", "/api/headers/X-A"],
  ["authorize missing", { "/authorize": undefined }, "no-authorize", "/authorize"],

  ["a variable nobody declared", { "/token/url": "https://{shop}.acme.com/token" }, "unknown-variable", "/token/url"],
  [
    "the same in hosts",
    { "/api/hosts": ["api.acme.com", "*.acme.com", "{shop}.acme.com"] },
    "unknown-variable",
    "/api/hosts/2",
  ],
  ["the same in a header", { "/api/headers/X-Tenant": "{shop}" }, "unknown-variable", "/api/headers"],
  ["the same in a call", { "/identity/call/query": { a: "{shop}" } }, "unknown-variable", "/identity/call"],
  ["a variable nobody uses", { "/variables/site": segment }, "unused-variable", "/variables/site"],
  ["a label without a pattern", { "/variables/subdomain/pattern": undefined }, "no-pattern", "/variables/subdomain"],
  ["a pattern that is none", { "/variables/subdomain/pattern": "[a-" }, "bad-pattern", "/variables/subdomain/pattern"],
  [
    "an example that is not allowed",
    { "/variables/subdomain/example": "a.b" },
    "bad-example",
    "/variables/subdomain/example",
  ],
  [
    "a default that is not allowed",
    { "/variables/region/default": "mars" },
    "bad-example",
    "/variables/region/default",
  ],
  ["a base URL for any host", { "/variables/api_url/hosts": undefined }, "no-hosts", "/variables/api_url"],
  [
    "a base URL below github.io",
    { "/variables/api_url/hosts": ["*.acme.com", "*.github.io"] },
    "shared-domain",
    "/variables/api_url/hosts/1",
  ],
  ["a value from nowhere", { "/variables/api_url/at": undefined }, "variable-source", "/variables/api_url"],
  ["a place without a source", { "/variables/subdomain/at": "/x" }, "variable-source", "/variables/subdomain"],
  [
    "a name where a pointer belongs",
    { "/variables/api_url/at": "api_url" },
    "variable-source",
    "/variables/api_url/at",
  ],

  ["a label that ends the host", { "/token/url": "https://api.{subdomain}/token" }, "variable-place", "/token/url"],
  ["a label before a public suffix", { "/token/url": "https://{subdomain}.com/token" }, "variable-place", "/token/url"],
  [
    "a label before shared hosting",
    { "/token/url": "https://{subdomain}.herokuapp.com/token" },
    "variable-place",
    "/token/url",
  ],
  ["part of a label", { "/token/url": "https://x{subdomain}.acme.com/token" }, "variable-place", "/token/url"],
  [
    "a segment as a host",
    { "/variables/site": segment, "/token/url": "https://{site}.acme.com/" },
    "variable-place",
    "/token/url",
  ],
  ["part of a segment", { "/token/url": "https://api.acme.com/x{subdomain}/token" }, "variable-place", "/token/url"],
  ["a base URL in the middle", { "/token/url": "https://api.acme.com/{api_url}" }, "variable-place", "/token/url"],
  ["a base URL with more of a host", { "/api/baseUrl": "{api_url}.evil.example" }, "variable-place", "/api/baseUrl"],
  [
    "a client id as a host",
    { "/identity/call/url": "https://{client_id}.acme.com/me" },
    "variable-place",
    "/identity/call/url",
  ],
  [
    "a base URL as a host",
    { "/api/hosts": ["api.acme.com", "*.acme.com", "{api_url}"] },
    "variable-place",
    "/api/hosts/2",
  ],

  ["a user in a URL", { "/token/url": "https://api.acme.com@evil.example/token" }, "host", "/token/url"],
  ["a port in a URL", { "/token/url": "https://api.acme.com:8443/token" }, "host", "/token/url"],
  ["an address", { "/token/url": "https://10.0.0.1/token" }, "host", "/token/url"],
  ["an address in disguise", { "/token/url": "https://0x7f.1/token" }, "host", "/token/url"],
  ["localhost", { "/token/url": "https://localhost/token" }, "host", "/token/url"],
  ["a way up", { "/token/url": "https://api.acme.com/a/../token" }, "host", "/token/url"],
  ["shared hosting", { "/token/url": "https://acme.herokuapp.com/token" }, "shared-domain", "/token/url"],
  [
    "a domain like the provider's",
    { "/token/url": "https://api.acme-login.com/token" },
    "unrelated-host",
    "/token/url",
  ],
  [
    "an authorization page elsewhere",
    { "/authorize/url": "https://acme.evil.example/auth" },
    "unrelated-host",
    "/authorize/url",
  ],
  [
    "an identity call elsewhere",
    { "/identity/call/url": "https://api.evil.example/me" },
    "call-host",
    "/identity/call/url",
  ],
  [
    "a token in a query elsewhere",
    { "/token/longLived": { url: "https://evil.example/x", auth: "none", query: { t: "{access_token}" } } },
    "call-host",
    "/token/longLived/url",
  ],

  [
    "a star before a top-level domain",
    { "/api/hosts": ["api.acme.com", "*.acme.com", "*.com"] },
    "shared-domain",
    "/api/hosts/2",
  ],
  [
    "a star before a registry",
    { "/api/hosts": ["api.acme.com", "*.acme.com", "*.co.uk"] },
    "shared-domain",
    "/api/hosts/2",
  ],
  [
    "a star before a cloud",
    { "/api/hosts": ["api.acme.com", "*.acme.com", "*.s3.amazonaws.com"] },
    "shared-domain",
    "/api/hosts/2",
  ],
  [
    "a star before Google's APIs",
    { "/api/hosts": ["api.acme.com", "*.acme.com", "*.googleapis.com"] },
    "shared-domain",
    "/api/hosts/2",
  ],
  ["an address among the hosts", { "/api/hosts": ["api.acme.com", "*.acme.com", "127.0.0.1"] }, "host", "/api/hosts/2"],
  ["a bare name among the hosts", { "/api/hosts": ["api.acme.com", "*.acme.com", "intranet"] }, "host", "/api/hosts/2"],
  ["a base outside the hosts", { "/api/hosts": ["api.acme.com"] }, "api-host", "/api/baseUrl"],
  [
    "a told host outside the hosts",
    { "/variables/api_url/hosts": ["*.acme.com", "*.acme.dev"] },
    "api-host",
    "/variables/api_url/hosts",
  ],
  ["the credential as a plain header", { "/api/headers/Authorization": "Bearer x" }, "api-headers", "/api/headers"],

  ["an operation twice", { "/operations/1/id": "contacts.list" }, "duplicate", "/operations/1/id"],
  ["an operation's scope unknown", { "/operations/1/scopes": ["contacts.delete"] }, "unknown-scope", "/operations/1"],
  [
    "an operation elsewhere",
    { "/operations/0/path": "https://evil.example/v1" },
    "operation-host",
    "/operations/0/path",
  ],
  ["an operation with a way up", { "/operations/0/path": "/v1/../v2" }, "operation-path", "/operations/0/path"],
  ["an operation with open braces", { "/operations/0/path": "/v1/{id" }, "operation-path", "/operations/0/path"],
  ["a DELETE that reads", { "/operations/1/access": "read" }, "operation-access", "/operations/1/access"],
  ["GraphQL by GET", { "/operations/0/graphql": "{ me { id } }" }, "graphql", "/operations/0/method"],

  ["a scope twice", { "/scopes/1/id": "offline_access" }, "duplicate", "/scopes/1/id"],
  ["an implied scope unknown", { "/scopes/2/implies": ["nothing"] }, "unknown-scope", "/scopes/2/implies"],
  ["a constant scope unknown", { "/authorize/alwaysScopes": ["nothing"] }, "unknown-scope", "/authorize/alwaysScopes"],
  [
    "scopes for a provider that takes none",
    { "/authorize/scopeSeparator": "none" },
    "separator",
    "/authorize/alwaysScopes",
  ],
  ["a scope with its separator", { "/scopes/3/id": "users manage" }, "separator", "/scopes/3/id"],
  [
    "a user scope without a user token",
    { "/scopes/3/audience": "user", "/authorize/userScopeParam": undefined },
    "audience",
    "/scopes/3/audience",
  ],

  ["single use without a word on grace", { "/refresh/graceSeconds": undefined }, "grace", "/refresh"],
  ["grace for what is not single use", { "/refresh/singleUse": false }, "grace", "/refresh/graceSeconds"],
  ["single use without rotation", { "/refresh/rotation": "sometimes" }, "rotation", "/refresh/rotation"],
  ["a call nobody makes", { "/identity/from": "token" }, "identity", "/identity"],
  [
    "an id token nobody asked for",
    { "/identity/from": "id_token", "/identity/call": undefined },
    "identity",
    "/identity/from",
  ],
  ["introspection without an address", { "/introspect": { style: "call" } }, "introspect", "/introspect"],
  ["introspection that is not there", { "/introspect": undefined }, "introspect", "/token/expiryFrom"],
  ["a code in two classes", { "/errors/permanent": ["token_revoked"] }, "error-class", "/errors/permanent"],
  [
    "two bodies",
    { "/identity/call": { method: "POST", url: "https://api.acme.com/me", form: {}, json: {} } },
    "call-body",
    "/identity/call",
  ],
  ["a GET with a body", { "/identity/call/form": { a: "b" } }, "call-body", "/identity/call"],

  [
    "a call signed by no strategy",
    { "/identity/call/auth": "strategy", "/strategy": undefined },
    "strategy",
    "/identity/call/auth",
  ],
  ["a GitHub App without its code", { "/kind": "github-app" }, "strategy", "/strategy"],

  ["no refresh fixture", { "/fixtures/refresh": undefined }, "fixture-missing", "/fixtures/refresh"],
  [
    "no fixture of a dead refresh token",
    { "/fixtures/refreshRevoked": undefined },
    "fixture-missing",
    "/fixtures/refreshRevoked",
  ],
  ["no long-lived fixture", { "/fixtures/longLived": undefined }, "fixture-missing", "/fixtures/longLived"],
  ["no identity fixture", { "/fixtures/identity": undefined }, "fixture-missing", "/fixtures/identity"],
  ["a token elsewhere in the answer", { "/token/answer/accessToken": "/token" }, "fixture-answer", "/fixtures/token"],
  [
    "a token that is not fake",
    { "/fixtures/token": token({ access_token: "abc" }) },
    "fixture-secret",
    "/fixtures/token",
  ],
  [
    "what looks like a real token",
    { "/fixtures/tokenError/headers": { x: `ghp_${"a".repeat(36)}` } },
    "fixture-secret",
    "/fixtures",
  ],
  [
    "no refresh token to begin with",
    { "/fixtures/token": token({ refresh_token: undefined }) },
    "fixture-refresh",
    "/fixtures/token",
  ],
  ["no new token where they rotate", { "/fixtures/refresh": token({}) }, "fixture-rotation", "/fixtures/refresh"],
  [
    "a dead token read as transient",
    { "/fixtures/refreshRevoked/status": 503, "/fixtures/refreshRevoked/json": {} },
    "fixture-error",
    "/fixtures/refreshRevoked",
  ],
  ["a bad client read as good", { "/fixtures/tokenError/status": 200 }, "fixture-error", "/fixtures/tokenError"],
  [
    "a transient error read as lasting",
    { "/fixtures/transient": { status: 400, json: { error: "no" } } },
    "fixture-error",
    "/fixtures/transient",
  ],
  [
    "a scope error read otherwise",
    { "/errors/scope": [], "/errors/scopeStatus": undefined },
    "fixture-error",
    "/fixtures/scopeError",
  ],
  ["an id that is not in the answer", { "/identity/id": ["/user/uuid"] }, "fixture-identity", "/fixtures/identity"],
  ["a name that is not in the answer", { "/identity/name": "/user/nick" }, "fixture-identity", "/fixtures/identity"],
  ["a told host that is not in the answer", { "/variables/api_url/at": "/url" }, "fixture-variable", "/fixtures/token"],
  [
    "a told host of somebody else",
    { "/fixtures/token": token({ api_url: "https://evil.example" }) },
    "fixture-variable",
    "/fixtures/token",
  ],
];

describe("each rule refuses", () => {
  test.each(BROKEN)("%s", (_name, changes, rule, path) => {
    expect(issuesOf(acmeWith(changes))).toContainEqual(expect.objectContaining({ rule, path }));
  });
});

describe("files that cannot be read", () => {
  test.each([
    ["not YAML", "a: [", "yaml"],
    ["a key twice", "id: a\nid: b\n", "yaml"],
    ["an unknown tag", "id: !!js/function 'x'\n", "yaml"],
    ["two documents", "id: a\n---\nid: b\n", "yaml"],
    ["a text", "hello", "schema"],
    ["a list", "- 1", "schema"],
    ["nothing", "", "schema"],
    ["too long", " ".repeat(MAX_FILE_LENGTH + 1), "size"],
  ])("%s", (_name, text, rule) => {
    expect(issuesOf(text)).toContainEqual(expect.objectContaining({ rule }));
  });

  test("aliases that multiply", () => {
    const levels = Array.from({ length: 12 }, (_, level) => `a${level}: &a${level} [${`*a${level - 1},`.repeat(9)}]`);
    expect(issuesOf(`a: &a-1 [1]\n${levels.join("\n")}`)).toEqual([{ rule: "yaml", path: "" }]);
  });
});

test("everything is said at once, with its line and what to do", () => {
  const text = ACME_TEXT.replace("category: crm", "category: stuff").replace("status: stable", "status: shiny");
  const result = lintProvider(text);
  const line = (start: string): number => text.split("\n").findIndex((content) => content.startsWith(start)) + 1;
  expect(result.ok ? [] : result.issues).toEqual([
    expect.objectContaining({ path: "/category", line: line("category"), fix: expect.stringMatching(/\w/) }),
    expect.objectContaining({ path: "/status", line: line("status") }),
  ]);
});

test("a key named __proto__ is an unknown field, not a prototype", () => {
  expect(issuesOf(`${ACME_TEXT}\n__proto__: { admin: true }\n`)).toMatchObject([{ rule: "schema" }]);
});
