import { describe, expect, test } from "vitest";
import { filterResponseHeaders, type HeaderBag, type ResponseHeaderOptions } from "./response-headers.ts";
import { createMatcher, makeNeedles } from "./scrub.ts";

const token = "fake-token-abcdefgh";
const plain: ResponseHeaderOptions = {
  matcher: createMatcher(makeNeedles([token])),
  keepSetCookie: false,
  decoded: false,
};
const filter = (headers: HeaderBag, options: Partial<ResponseHeaderOptions> = {}): HeaderBag =>
  filterResponseHeaders(headers, { ...plain, ...options }).headers;

describe("filterResponseHeaders", () => {
  test("keeps what is about the answer", () => {
    const headers = {
      "content-type": "text/plain",
      "content-length": "5",
      etag: '"é"',
      link: ["<a>", "<b>"],
      "x-empty": "",
      "www-authenticate": "Bearer",
    };
    expect(filterResponseHeaders(headers, plain)).toEqual({ headers, scrubbed: 0 });
    expect(filterResponseHeaders(headers, { ...plain, matcher: null })).toEqual({ headers, scrubbed: 0 });
  });

  test.each([
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "alter-outcome",
    "set-cookie",
    "__proto__",
  ])("%s is left out", (name) => {
    const headers: HeaderBag = { "x-kept": "1" };
    Object.defineProperty(headers, name, { value: "x", enumerable: true });
    expect(filter(headers)).toEqual({ "x-kept": "1" });
  });

  test("and what Connection names", () => {
    expect(filter({ connection: "close, X-Secret-Hop", "x-secret-hop": "1", "x-kept": "1" })).toEqual({
      "x-kept": "1",
    });
    expect(filter({ connection: ["x-a", "x-b"], "x-a": "1", "x-b": "1", "x-kept": "1" })).toEqual({ "x-kept": "1" });
  });

  test("cookies when asked for", () => {
    expect(filter({ "set-cookie": ["a=1", "b=2"] }, { keepSetCookie: true })).toEqual({ "set-cookie": ["a=1", "b=2"] });
  });

  test("length and encoding are not true for a decoded body", () => {
    expect(
      filter({ "content-length": "5", "content-encoding": "gzip", "content-type": "text/plain" }, { decoded: true }),
    ).toEqual({ "content-type": "text/plain" });
  });

  test("values with control characters are left out", () => {
    expect(filter({ "x-bad": "a\r\nb", "x-null": "a\0", "x-list": ["ok", "a\nb"], "x-all": ["\0"] })).toEqual({
      "x-list": ["ok"],
    });
  });

  test("masks the credential, whatever its form", () => {
    const base64 = Buffer.from(`user:${token}`).toString("base64");
    const result = filterResponseHeaders(
      {
        location: `https://x.example/?t=${token}&u=${token}`,
        "x-list": ["a", token],
        "x-basic": base64,
        [`x-${token}`]: "1",
        "x-kept": "1",
      },
      plain,
    );
    expect(result.headers["location"]).toBe(`https://x.example/?t=${"*".repeat(19)}&u=${"*".repeat(19)}`);
    expect(result.headers["x-list"]).toEqual(["a", "*".repeat(19)]);
    expect(result.headers["x-basic"]).toMatch(/^.{4,8}\*{20,}.{0,4}$/);
    expect(Object.keys(result.headers)).toEqual(["location", "x-list", "x-basic", "x-kept"]);
    expect(result.scrubbed).toBe(5);
  });
});
