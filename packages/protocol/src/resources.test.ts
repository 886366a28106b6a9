import { describe, expect, test } from "vitest";
import { AuditQuery } from "./audit.ts";
import {
  ApiKeyCreate,
  GrantCreate,
  GrantQuery,
  GrantUpdate,
  InjectionRule,
  PageQuery,
  Principal,
  Secret,
  SecretCreate,
  SecretMaterial,
  SecretUpdate,
} from "./resources.ts";
import { RUNTIME_SCOPES, SCOPES } from "./scopes.ts";

describe("paging", () => {
  test.each<[Record<string, string>, object | null]>([
    [{}, { limit: 100, offset: 0 }],
    [{ limit: "1" }, { limit: 1, offset: 0 }],
    [
      { limit: "1000", offset: "10000" },
      { limit: 1000, offset: 10_000 },
    ],
    [{ cursor: "abc" }, { limit: 100, offset: 0, cursor: "abc" }],
    [{ limit: "0" }, null],
    [{ limit: "1001" }, null],
    [{ limit: "ten" }, null],
    [{ limit: "1.5" }, null],
    [{ limit: "-1" }, null],
    [{ offset: "10001" }, null],
    [{ cursor: "c".repeat(201) }, null],
  ])("%j", (query, expected) => {
    const read = PageQuery.safeParse(query);
    expect(read.success ? read.data : null).toEqual(expected);
  });

  test("grants are filtered by provider and status, the audit log has no offset", () => {
    expect(GrantQuery.parse({ status: "active", provider_id: "x" })).toMatchObject({
      status: "active",
      provider_id: "x",
    });
    expect(GrantQuery.safeParse({ status: "gone" }).success).toBe(false);
    expect(AuditQuery.parse({ offset: "5", since: "2026-01-01T00:00:00Z" })).toEqual({
      limit: 100,
      since: "2026-01-01T00:00:00Z",
    });
    expect(AuditQuery.safeParse({ since: "yesterday" }).success).toBe(false);
  });
});

describe("injection rules", () => {
  test.each<[string, unknown, boolean]>([
    ["bearer", { kind: "bearer" }, true],
    ["bearer with a value", { kind: "bearer", token: "fake-token" }, false],
    ["API key, by default in x-api-key", { kind: "api-key" }, true],
    ["API key in a header with a prefix", { kind: "api-key", name: "Authorization", prefix: "Token" }, true],
    ["API key in the query", { kind: "api-key", in: "query", name: "api key" }, true],
    ["API key in the query with a prefix", { kind: "api-key", in: "query", name: "key", prefix: "Token" }, false],
    ["API key in a header that is none", { kind: "api-key", name: "x api key" }, false],
    ["API key in a header with a line break", { kind: "api-key", name: "x\r\ny" }, false],
    ["API key in a cookie", { kind: "api-key", in: "cookie" }, false],
    ["a prefix with a blank", { kind: "api-key", prefix: "Token token=" }, false],
    ["basic", { kind: "basic" }, true],
    ["SigV4", { kind: "sigv4", region: "eu-west-1", service: "s3" }, true],
    ["SigV4 with keys", { kind: "sigv4", access_key_id: "fake" }, false],
    ["custom", { kind: "custom", headers: { "x-a": "{a}", "x-b": "v1 {b}" }, query: { k: "{c}" } }, true],
    ["custom in a header that is none", { kind: "custom", headers: { "x a": "{a}" } }, false],
    ["custom in an empty header name", { kind: "custom", headers: { "": "{a}" } }, false],
    ["an unknown kind", { kind: "oauth" }, false],
    ["no kind", {}, false],
  ])("%s", (_name, value, valid) => expect(InjectionRule.safeParse(value).success).toBe(valid));

  test("an API key rule fills in its place", () => {
    expect(InjectionRule.parse({ kind: "api-key" })).toEqual({ kind: "api-key", in: "header", name: "x-api-key" });
  });
});

describe("secret material", () => {
  test.each<[string, unknown, boolean]>([
    ["a token", { kind: "bearer", token: "fake-token-1" }, true],
    ["Latin-1", { kind: "bearer", token: "fake-töken" }, true],
    ["an empty token", { kind: "bearer", token: "" }, false],
    ["a line break", { kind: "bearer", token: "fake\r\nx-evil: 1" }, false],
    ["a line feed at the end", { kind: "bearer", token: "fake-token\n" }, false],
    ["a NUL", { kind: "api-key", key: "fake\0" }, false],
    ["a character no header can carry", { kind: "api-key", key: "fake-🔑" }, false],
    ["over 16 KiB", { kind: "bearer", token: "f".repeat(16_385) }, false],
    ["basic", { kind: "basic", username: "fake-user", password: "fake:pass:word" }, true],
    ["basic with a colon in the name", { kind: "basic", username: "fake:user", password: "x" }, false],
    ["SigV4 without its secret", { kind: "sigv4", access_key_id: "fake" }, false],
    ["custom", { kind: "custom", fields: { app_key: "fake-1", app_secret: "fake-2" } }, true],
    ["custom with a line break", { kind: "custom", fields: { a: "fake\n" } }, false],
    ["custom with a name that is none", { kind: "custom", fields: { "app-key": "fake" } }, false],
    ["another kind's member", { kind: "bearer", key: "fake" }, false],
  ])("%s", (_name, value, valid) => expect(SecretMaterial.safeParse(value).success).toBe(valid));

  test("a refusal does not repeat the value", () => {
    const read = SecretMaterial.safeParse({ kind: "bearer", token: "fake-token-canary\n" });
    expect(read.success).toBe(false);
    expect(JSON.stringify(read.error?.issues)).not.toContain("canary");
  });
});

describe("secrets", () => {
  const create = {
    name: "CRM",
    injection: { kind: "bearer" },
    value: { kind: "bearer", token: "fake-token" },
    allowed_hosts: ["api.example.com"],
  };
  test.each<[string, object, boolean]>([
    ["as it should be", {}, true],
    ["without a host", { allowed_hosts: [] }, false],
    ["with hosts left out", { allowed_hosts: undefined }, false],
    ["with a provider that is no slug", { provider: "My CRM" }, false],
    ["with a blank name", { name: "   " }, false],
    ["with a member of another app", { app_id: "017f22e2-79b0-7cc3-98c4-dc0c0c07398f" }, false],
  ])("are made %s: %s", (_name, change, valid) => {
    expect(SecretCreate.safeParse({ ...create, ...change }).success).toBe(valid);
  });

  test("have no field for their value when read or updated", () => {
    for (const field of ["value", "token", "key", "password", "material", "sealed"]) {
      expect(Object.keys(Secret.shape)).not.toContain(field);
      expect(SecretUpdate.safeParse({ [field]: "fake" }).success).toBe(false);
    }
  });
});

describe("grants and keys", () => {
  test("a grant is made without retrieve mode unless it is asked for", () => {
    expect(GrantCreate.parse({ principal: { type: "system" } })).toMatchObject({ allow_retrieve: false });
    expect(Principal.safeParse({ type: "anyone" }).success).toBe(false);
    expect(GrantUpdate.safeParse({ status: "active" }).success).toBe(false);
  });

  test.each([
    [0, false],
    [1, true],
    [10 * 365 * 86_400, true],
    [10 * 365 * 86_400 + 1, false],
    [1.5, false],
  ])("a grant for %d seconds: %s", (expires_in_seconds, valid) => {
    expect(GrantCreate.safeParse({ principal: { type: "system" }, expires_in_seconds }).success).toBe(valid);
  });

  test("a key names its scopes, and at least one", () => {
    expect(ApiKeyCreate.safeParse({ name: "k", scopes: [...SCOPES] }).success).toBe(true);
    expect(ApiKeyCreate.safeParse({ name: "k", scopes: [] }).success).toBe(false);
    expect(ApiKeyCreate.safeParse({ name: "k", scopes: ["*"] }).success).toBe(false);
  });

  test("what an application gets unasked lets it administer nothing", () => {
    for (const scope of RUNTIME_SCOPES) expect(scope).not.toMatch(/^(secrets|keys|apps|keyring|audit):/);
  });
});
