import { describe, expect, test } from "vitest";
import { Caller, Context, ForwardHeaders, ProxyMethod, RequestEnvelope, TargetParams } from "./envelope.ts";

const grant = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
const call = { method: "GET", target: "https://api.example.com/v1/me" };
const names = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`name_${i}`, "x"]));

test("an envelope fills in what was not said", () => {
  expect(RequestEnvelope.parse(call)).toEqual({
    ...call,
    headers: [],
    caller: { type: "agent" },
    context: {},
    redirect: "follow",
  });
});

test("an envelope keeps everything that was said", () => {
  const full = {
    method: "POST",
    target: "https://api.example.com/v1/{path}",
    params: {
      path: { path: "a b" },
      query: [
        ["tag", "1"],
        ["tag", "2"],
      ],
    },
    grant_id: grant,
    provider: "example",
    account: "someone@example.com",
    headers: [
      ["accept", "text/plain"],
      ["accept", "*/*"],
    ],
    caller: { type: "service", identifier: "svc", name: "n", version: "1", framework: "f", client_type: "c" },
    context: { run_id: "r", anything_else: "" },
    reason: "because",
    redirect: "manual",
    sigv4: { region: "eu-west-1", service: "s3" },
    body_digest: "0".repeat(64),
  };
  expect(RequestEnvelope.parse(full)).toEqual(full);
});

describe("an envelope is refused with", () => {
  const cases: [string, Record<string, unknown>][] = [
    ["no method", { method: undefined }],
    ["a lower-case method", { method: "get" }],
    ["a method that opens a tunnel", { method: "CONNECT" }],
    ["a method that echoes", { method: "TRACE" }],
    ["no target", { target: undefined }],
    ["an empty target", { target: "" }],
    ["a target over 16 KiB", { target: `https://a.example/${"a".repeat(16_384)}` }],
    ["a grant id that is no UUID", { grant_id: "1" }],
    ["a grant id in upper case", { grant_id: grant.toUpperCase() }],
    ["an empty provider", { provider: "" }],
    ["a reason over 1000", { reason: "r".repeat(1001) }],
    ["another redirect mode", { redirect: "error-ish" }],
    ["headers as an object", { headers: { accept: "a" } }],
    ["a body digest in base64", { body_digest: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }],
    ["a body digest in upper case", { body_digest: "A".repeat(64) }],
    ["a name that is not in the contract", { token: "fake-token" }],
    ["a misspelled name", { grantId: grant }],
    ["a SigV4 option that is not in the contract", { sigv4: { access_key_id: "fake" } }],
  ];
  test.each(cases)("%s", (_name, change) => {
    expect(RequestEnvelope.safeParse({ ...call, ...change }).success).toBe(false);
  });
});

describe("a context", () => {
  test.each<[string, Record<string, unknown>, boolean]>([
    ["is empty", {}, true],
    ["has the searchable names", { run_id: "r", thread_id: "t", tool_call_id: "c" }, true],
    ["has other names", { step_2: "x" }, true],
    ["has 32 names", names(32), true],
    ["has 33 names", names(33), false],
    ["has a value of 512", { run_id: "x".repeat(512) }, true],
    ["has a value of 513", { run_id: "x".repeat(513) }, false],
    ["has a number", { run_id: 1 }, false],
    ["has a nested value", { run_id: {} }, false],
    ["has null", { run_id: null }, false],
    ["has a camel-case name", { runId: "r" }, false],
    ["has a name with a blank", { "run id": "r" }, false],
    ["has a name that starts with a digit", { "1run": "r" }, false],
    ["has an empty name", { "": "r" }, false],
    ["has a name of 64", { ["a".repeat(64)]: "r" }, true],
    ["has a name of 65", { ["a".repeat(65)]: "r" }, false],
  ])("%s", (_name, value, valid) => expect(Context.safeParse(value).success).toBe(valid));

  test("cannot reach a prototype", () => {
    const read = Context.safeParse(JSON.parse('{"__proto__": {"polluted": "yes"}, "run_id": "r"}'));
    expect((read.data as Record<string, unknown> | undefined)?.["polluted"]).toBeUndefined();
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

test.each([
  [{}, true],
  [{ type: "mcp_server" }, true],
  [{ type: "root" }, false],
  [{ type: "agent", identifier: "" }, false],
  [{ type: "agent", app_id: grant }, false],
  [{ type: "agent", identifier: "i".repeat(201) }, false],
])("caller %j: %s", (value, valid) => expect(Caller.safeParse(value).success).toBe(valid));

test.each<[string, unknown, boolean]>([
  [
    "pairs keep order and repetition",
    {
      query: [
        ["a", "1"],
        ["b", ""],
        ["a", "2"],
      ],
    },
    true,
  ],
  ["query as an object", { query: { a: "1" } }, false],
  ["a pair of three", { query: [["a", "1", "2"]] }, false],
  ["a number as value", { query: [["a", 1]] }, false],
  ["201 pairs", { query: Array.from({ length: 201 }, () => ["a", "1"]) }, false],
  ["a number as path parameter", { path: { id: 1 } }, false],
  ["a name that is not in the contract", { hash: "x" }, false],
])("target parameters: %s", (_name, value, valid) => expect(TargetParams.safeParse(value).success).toBe(valid));

test("forwarded headers come back as the pairs they were, up to a hundred", () => {
  const pairs = [
    ["Accept", "a"],
    ["accept", "b"],
  ];
  expect(ForwardHeaders.parse(pairs)).toEqual(pairs);
  expect(ForwardHeaders.safeParse(Array.from({ length: 101 }, () => ["a", "b"])).success).toBe(false);
  expect(ForwardHeaders.safeParse([["a"]]).success).toBe(false);
});

test("the methods are the seven a provider may be called with", () => {
  expect(ProxyMethod.options.toSorted()).toEqual(["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]);
});
