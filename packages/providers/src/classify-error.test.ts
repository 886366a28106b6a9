import { describe, expect, test } from "vitest";
import { acme } from "./acme.test-support.ts";
import { classifyError } from "./classify-error.ts";
import { findProvider } from "./catalogue.ts";

test.each<[string, number, unknown, "token" | "api", unknown]>([
  ["a good answer", 200, { access_token: "x" }, "token", undefined],
  ["a good answer that mentions an error", 200, { error: "x" }, "token", undefined],
  ["a standard code", 400, { error: "invalid_grant" }, "token", { class: "reauth", code: "invalid_grant" }],
  ["a bad client", 401, { error: "invalid_client" }, "token", { class: "permanent" }],
  ["the provider's own", 400, { error: "token_revoked" }, "token", { class: "reauth" }],
  ["its own, though the status says later", 503, { error: "app_disabled" }, "token", { class: "permanent" }],
  ["429", 429, {}, "token", { class: "transient", code: "http_429" }],
  ["503 and garbage", 503, undefined, "token", { class: "transient", code: "http_503" }],
  ["400 and garbage", 400, "<html>", "token", { class: "transient" }],
  ["a code nobody knows", 400, { error: "strange" }, "token", { class: "permanent", code: "strange" }],
  ["a name of Object's", 400, { error: "constructor" }, "token", { class: "permanent", code: "constructor" }],
  ["a description", 400, { error: "invalid_grant", error_description: "gone" }, "token", { description: "gone" }],
  ["an API's own place", 403, { errors: [{ code: "missing_scope" }] }, "api", { class: "scope" }],
  ["the same place in a token answer", 403, { errors: [{ code: "missing_scope" }] }, "token", { class: "transient" }],
  [
    "another 403 of the API",
    403,
    { errors: [{ code: "not_yours" }] },
    "api",
    { class: "permanent", code: "not_yours" },
  ],
  ["401 of the API", 401, {}, "api", { class: "reauth" }],
])("%s", (_name, status, json, source, expected) => {
  const error = classifyError(acme(), { status, json }, source);
  if (expected === undefined) expect(error).toBeUndefined();
  else expect(error).toMatchObject(expected as object);
});

describe("errors with HTTP 200", () => {
  const slack = findProvider("slack");
  const github = findProvider("github");
  if (!slack || !github) throw new Error("slack and github are in the catalogue");
  test.each([
    [slack, { ok: true }, undefined],
    [slack, { ok: false, error: "token_revoked" }, "reauth"],
    [slack, { ok: false, error: "ratelimited" }, "transient"],
    [slack, {}, "transient"],
    [github, { access_token: "x" }, undefined],
    [github, { error: "bad_refresh_token" }, "reauth"],
    [github, { error: "incorrect_client_credentials" }, "permanent"],
  ])("$id %j is %s", (provider, json, expected) => {
    expect(classifyError(provider, { status: 200, json })?.class).toBe(expected);
  });
});

test("a scope status by itself is enough where the provider has no codes", () => {
  const provider = acme({ "/errors/scope": [], "/fixtures/scopeError": undefined });
  expect(classifyError(provider, { status: 403, json: {} }, "api")).toMatchObject({ class: "scope" });
  expect(classifyError(provider, { status: 403, json: {} }, "token")).toMatchObject({ class: "transient" });
});
