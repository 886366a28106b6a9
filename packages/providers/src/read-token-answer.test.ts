import { describe, expect, test } from "vitest";
import { acme } from "./acme.test-support.ts";
import { readTokenAnswer, type ReadTokenAnswer } from "./read-token-answer.ts";

const NOW = Date.UTC(2026, 0, 1);
const read = (changes: Record<string, unknown>, json: unknown, status = 200): ReadTokenAnswer =>
  readTokenAnswer(acme(changes), { status, contentType: "application/json", body: JSON.stringify(json) }, "code", NOW);
const main = (changes: Record<string, unknown>, json: Record<string, unknown>): unknown => {
  const result = read(changes, { access_token: "fake-1", ...json });
  return result.ok ? result.main : result;
};
const IN_AN_HOUR = NOW + 3_600_000;

describe("expiry", () => {
  test.each<[string, Record<string, unknown>, Record<string, unknown>, unknown, string]>([
    ["seconds", {}, { expires_in: 3600 }, IN_AN_HOUR, "answer"],
    ["seconds as a text", {}, { expires_in: "3600" }, IN_AN_HOUR, "answer"],
    ["milliseconds", { "/token/answer/expiresInUnit": "ms" }, { expires_in: 3_600_000 }, IN_AN_HOUR, "answer"],
    ["an ISO moment", {}, { expires_at: "2026-01-01T01:00:00Z" }, IN_AN_HOUR, "answer"],
    ["a moment wins over a duration", {}, { expires_at: "2026-01-01T01:00:00Z", expires_in: 5 }, IN_AN_HOUR, "answer"],
    [
      "unix seconds",
      { "/token/answer/expiresAt": { at: "/t", format: "unix" } },
      { t: IN_AN_HOUR / 1000 },
      IN_AN_HOUR,
      "answer",
    ],
    [
      "unix milliseconds",
      { "/token/answer/expiresAt": { at: "/t", format: "unix-ms" } },
      { t: IN_AN_HOUR },
      IN_AN_HOUR,
      "answer",
    ],
    ["a moment nobody can read", {}, { expires_at: "soon", expires_in: 3600 }, IN_AN_HOUR, "answer"],
    ["not said", {}, {}, IN_AN_HOUR, "default"],
    ["zero is not said", {}, { expires_in: 0 }, IN_AN_HOUR, "default"],
    ["negative is not said", {}, { expires_in: -1 }, IN_AN_HOUR, "default"],
    ["null is not said", {}, { expires_in: null }, IN_AN_HOUR, "default"],
    ["never", { "/token/lifetimeSeconds": null }, {}, null, "default"],
  ])("%s", (_name, changes, json, expiresAt, expiryFrom) => {
    expect(main(changes, json)).toMatchObject({ expiresAt, expiryFrom });
  });

  test("of the refresh token", () => {
    expect(main({}, { refresh_token_expires_in: 60 })).toMatchObject({ refreshExpiresAt: NOW + 60_000 });
  });
});

describe("scopes", () => {
  test.each<[string, unknown, unknown]>([
    [",", "a,b", ["a", "b"]],
    [",", "a b", ["a", "b"]],
    [",", "", []],
    [" ", "a b", ["a", "b"]],
    ["+", "a+b", ["a", "b"]],
    ["array", ["a", "b", 3], ["a", "b"]],
  ])("separated by %s: %j", (separator, scope, scopes) => {
    expect(main({ "/token/answer/scopeSeparator": separator }, { scope })).toMatchObject({ scopes });
  });

  test("not said is not none", () => expect(main({}, {})).not.toHaveProperty("scopes"));
});

describe("answers", () => {
  test("a second token beside the first, or without it", () => {
    const authed_user = { access_token: "fake-user", scope: "x" };
    expect(read({}, { access_token: "fake-1", authed_user })).toMatchObject({
      ok: true,
      main: { accessToken: "fake-1" },
      others: { user: { accessToken: "fake-user", scopes: ["x"] } },
    });
    const alone = read({}, { authed_user });
    expect(alone).toMatchObject({ ok: true, others: { user: { accessToken: "fake-user" } } });
    expect(alone).not.toHaveProperty("main");
  });

  test("form-encoded, by its content type or always", () => {
    const raw = { status: 200, contentType: "text/plain; charset=utf-8", body: "access_token=fake-1&scope=a%2Cb" };
    for (const encoding of ["auto", "form"]) {
      const provider = acme({ "/token/answer/encoding": encoding, "/fixtures/token/text": undefined });
      expect(readTokenAnswer(provider, raw, "code", NOW)).toMatchObject({
        ok: true,
        main: { accessToken: "fake-1", scopes: ["a", "b"] },
      });
    }
    expect(readTokenAnswer(acme(), raw, "code", NOW)).toMatchObject({ ok: false });
  });

  test("a refresh with paths of its own", () => {
    const provider = acme({
      "/refresh/answer": { accessToken: "/data/token", refreshToken: "/data/next" },
      "/fixtures/refresh": { json: { data: { token: "fake-2", next: "fake-3" } } },
    });
    const raw = { status: 200, body: JSON.stringify({ data: { token: "fake-2", next: "fake-3" } }) };
    expect(readTokenAnswer(provider, raw, "refresh", NOW)).toMatchObject({
      ok: true,
      main: { accessToken: "fake-2", refreshToken: "fake-3" },
    });
    expect(readTokenAnswer(provider, raw, "code", NOW)).toMatchObject({ ok: false });
  });

  test.each([
    ["an error page", "<html>502</html>", 200],
    ["nothing", "", 200],
    ["no token", "{}", 200],
    ["an empty token", '{"access_token":""}', 200],
    ["a token that is a list", '{"access_token":["a"]}', 200],
    ["null", "null", 200],
    ["a gateway's error page", "<html>502</html>", 502],
  ])("%s gives no token, and does not end the grant", (_name, body, status) => {
    expect(readTokenAnswer(acme(), { status, body }, "refresh", NOW)).toMatchObject({
      ok: false,
      error: { class: "transient" },
    });
  });
});
