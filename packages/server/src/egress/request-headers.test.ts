import type { ForwardHeaders } from "@alter-vault/protocol";
import { describe, expect, test } from "vitest";
import { checkRequestHeaders } from "./request-headers.ts";

const check = (...pairs: ForwardHeaders): ReturnType<typeof checkRequestHeaders> => checkRequestHeaders(pairs);

describe("checkRequestHeaders", () => {
  test("lower-cases names, keeps order and repetition", () => {
    expect(
      check(["Accept", "application/json"], ["X-Tag", "a"], ["x-tag", "b"], ["x-empty", ""], ["x-latin", "é\tü"]),
    ).toEqual({
      ok: true,
      headers: [
        ["accept", "application/json"],
        ["x-tag", "a"],
        ["x-tag", "b"],
        ["x-empty", ""],
        ["x-latin", "é\tü"],
      ],
    });
  });

  test("accept-encoding is left out", () => {
    expect(check(["Accept-Encoding", "gzip, br"], ["accept", "*/*"])).toEqual({
      ok: true,
      headers: [["accept", "*/*"]],
    });
  });

  test.each([
    "Authorization",
    "AUTHORIZATION",
    "Proxy-Authorization",
    "Proxy-Connection",
    "Cookie",
    "Host",
    "Connection",
    "Keep-Alive",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Content-Length",
    "Expect",
    "Upgrade",
    "HTTP2-Settings",
    "Forwarded",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Real-IP",
    "Via",
    "Alter-Grant",
    "alter-anything",
    "X-Amz-Date",
    "X-Amz-Security-Token",
    "Sec-Fetch-Site",
    "X-HTTP-Method-Override",
    "X-Original-URL",
  ])("%s is forbidden", (name) => {
    expect(check(["accept", "*/*"], [name, "x"])).toMatchObject({
      ok: false,
      code: "header_forbidden",
      header: name.toLowerCase(),
    });
  });

  test.each([
    "x-amz-target",
    "x-amz-content-sha256",
    "if-match",
    "range",
    "prefer",
    "x-github-api-version",
    "idempotency-key",
  ])("%s is fine", (name) => {
    expect(check([name, "x"]).ok).toBe(true);
  });

  test.each(["", "a b", "a:b", "a\r\nx", "a\0", "(a)", "ä", "a/b", "x-tést"])("the name %j is invalid", (name) => {
    expect(check([name, "x"])).toMatchObject({ ok: false, code: "header_invalid" });
  });

  test.each(["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\0b", "a\x1fb", "a\x7fb", "a\r\n folded", "你", "\u0100"])(
    "the value %j is invalid",
    (value) => {
      expect(check(["x-test", value])).toMatchObject({ ok: false, code: "header_invalid", header: "x-test" });
    },
  );

  test("100 headers and 64 KB are the limit", () => {
    const pair = (i: number): [string, string] => [`x-${i}`, "v"];
    expect(check(...Array.from({ length: 100 }, (_, i) => pair(i))).ok).toBe(true);
    expect(check(...Array.from({ length: 101 }, (_, i) => pair(i)))).toMatchObject({
      ok: false,
      code: "header_invalid",
    });
    const large = (count: number): ForwardHeaders =>
      Array.from({ length: count }, () => ["x-large", "v".repeat(16_000)]);
    expect(check(...large(4)).ok).toBe(true);
    expect(check(...large(5))).toMatchObject({ ok: false, code: "header_invalid", header: "x-large" });
  });

  test("the value is not in the answer", () => {
    expect(JSON.stringify(check(["authorization", "Bearer fake-token-1234"]))).not.toContain("fake-token");
  });
});
