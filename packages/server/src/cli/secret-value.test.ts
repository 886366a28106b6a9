import { describe, expect, test } from "vitest";
import { parseSecretValue, shortParts, type SecretKind } from "./secret-value.ts";

describe("values that are understood", () => {
  const cases: [string, SecretKind, string, unknown][] = [
    ["a token", "bearer", "fake-token-1", { kind: "bearer", token: "fake-token-1" }],
    ["one line break at the end", "bearer", "fake-token-1\n", { kind: "bearer", token: "fake-token-1" }],
    ["a line break of Windows", "bearer", "fake-token-1\r\n", { kind: "bearer", token: "fake-token-1" }],
    ["a byte order mark", "bearer", "\ufefffake-token-1", { kind: "bearer", token: "fake-token-1" }],
    ["blanks belong to the value", "api-key", " fake key ", { kind: "api-key", key: " fake key " }],
    ["a brace in a key is no JSON", "api-key", "{fake", { kind: "api-key", key: "{fake" }],
    ["user and password", "basic", "ann:fake-pass", { kind: "basic", username: "ann", password: "fake-pass" }],
    ["colons in the password", "basic", "ann:a:b:c", { kind: "basic", username: "ann", password: "a:b:c" }],
    ["no password", "basic", "ann:", { kind: "basic", username: "ann", password: "" }],
    ["no user", "basic", ":fake-pass", { kind: "basic", username: "", password: "fake-pass" }],
    [
      "a key pair",
      "sigv4",
      "AKIDFAKE:fake/secret+1",
      { kind: "sigv4", access_key_id: "AKIDFAKE", secret_access_key: "fake/secret+1" },
    ],
    [
      "a key pair with a session",
      "sigv4",
      "AKIDFAKE:fake-secret:fake-session\n",
      { kind: "sigv4", access_key_id: "AKIDFAKE", secret_access_key: "fake-secret", session_token: "fake-session" },
    ],
    [
      "a key pair as JSON",
      "sigv4",
      '{\n  "access_key_id": "AKIDFAKE",\n  "secret_access_key": "fake-secret"\n}\n',
      { kind: "sigv4", access_key_id: "AKIDFAKE", secret_access_key: "fake-secret" },
    ],
    [
      "fields",
      "custom",
      '{"id": "fake-1", "key": "fake-2"}',
      { kind: "custom", fields: { id: "fake-1", key: "fake-2" } },
    ],
    ["raw text as the field value", "custom", "fake-raw\n", { kind: "custom", fields: { value: "fake-raw" } }],
  ];
  test.each(cases)("%s (%s)", (_name, kind, raw, value) => {
    expect(parseSecretValue(kind, raw)).toEqual({ ok: true, value });
  });
});

describe("values that are not", () => {
  const cases: [string, SecretKind, string, RegExp][] = [
    ["nothing", "bearer", "", /empty/],
    ["only a line break", "bearer", "\n", /empty/],
    ["two lines", "bearer", "canary-1\ncanary-2", /more than one line/],
    ["two line breaks", "api-key", "canary-1\n\n", /more than one line/],
    ["no colon", "basic", "canary-1", /user:password/],
    ["no secret", "sigv4", "canary-1", /ACCESS_KEY_ID/],
    ["empty session", "sigv4", "canary-1:canary-2:", /ACCESS_KEY_ID/],
    ["too many parts", "sigv4", "canary-1:canary-2:canary-3:canary-4", /ACCESS_KEY_ID/],
    ["missing member", "sigv4", '{"access_key_id": "canary-1"}', /secret_access_key/],
    [
      "unknown member",
      "sigv4",
      '{"access_key_id": "canary-1", "secret_access_key": "canary-2", "canary-3": "x"}',
      /nothing else/,
    ],
    ["broken JSON", "custom", '{"canary-1": canary-2', /not valid JSON/],
    ["a number", "custom", '{"canary-1": 7}', /must be a text/],
    ["a proto", "custom", '{"__proto__": {"canary-1": "x"}}', /must be a text/],
  ];
  test.each(cases)("%s (%s)", (_name, kind, raw, detail) => {
    const parsed = parseSecretValue(kind, raw);
    expect(parsed).toEqual({ ok: false, detail: expect.stringMatching(detail) as string });
    expect(JSON.stringify(parsed), "the value is not repeated").not.toContain("canary");
  });
});

test("a field called __proto__ is kept, for the vault to refuse", () => {
  const parsed = parseSecretValue("custom", '{"__proto__": "fake"}');
  expect(parsed.ok && parsed.value.kind === "custom" && Object.keys(parsed.value.fields)).toEqual(["__proto__"]);
});

describe("parts too short to be scrubbed", () => {
  const cases: [SecretKind, string, string[]][] = [
    ["bearer", "1234567", ["token"]],
    ["bearer", "12345678", []],
    ["api-key", "short", ["key"]],
    ["basic", "long-user-name:short", ["password"]],
    ["basic", "a:long-enough", []],
    ["sigv4", "AK:short", ["secret_access_key"]],
    ["custom", '{"id": "short", "key": "long-enough"}', ["id"]],
  ];
  test.each(cases)("%s %s", (kind, raw, names) => {
    const parsed = parseSecretValue(kind, raw);
    if (!parsed.ok) throw new Error(parsed.detail);
    expect(shortParts(parsed.value)).toEqual(names);
  });
});
