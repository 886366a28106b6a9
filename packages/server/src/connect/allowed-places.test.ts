import { describe, expect, test } from "vitest";
import { allowedOrigin, allowedReturnUrl } from "./allowed-places.ts";

const PLACES = {
  return_urls: ["https://app.example.com/done", "http://app.example.com/plain"],
  origins: ["https://app.example.com", "http://plain.example.com", "https://Shop.Example.com"],
  website_url: "https://www.example.com/start",
};
const NOWHERE = { return_urls: [], origins: [], website_url: null };

describe("a return URL", () => {
  test.each<[string | undefined, boolean, string | null | false]>([
    [undefined, false, null],
    ["https://app.example.com/done", false, "https://app.example.com/done"],
    ["https://app.example.com/done/", false, false],
    ["https://app.example.com/done?x=1", false, false],
    ["https://app.example.com:443/done", false, false],
    ["HTTPS://app.example.com/done", false, false],
    ["http://app.example.com/plain", false, false],
    ["http://app.example.com/plain", true, false],
    ["http://127.0.0.1:3000/x", false, false],
    ["http://127.0.0.1:3000/x", true, "http://127.0.0.1:3000/x"],
    ["http://localhost/x", true, "http://localhost/x"],
    ["http://[::1]:3000/", true, "http://[::1]:3000/"],
    ["http://me@localhost/x", true, false],
    ["http://localhost.example.com/", true, false],
    ["http://127.0.0.1.example.com/", true, false],
    ["file:///etc/passwd", true, false],
    ["nonsense", true, false],
  ])("%s (loopback: %s)", (url, loopback, expected) => {
    const result = allowedReturnUrl(url, PLACES, loopback);
    if (expected === false) expect(result).toMatchObject({ ok: false, code: "return_url_not_allowed" });
    else expect(result).toEqual({ ok: true, place: expected });
  });
});

describe("an origin", () => {
  test.each<[string | undefined, boolean, string | null | false]>([
    [undefined, false, "https://app.example.com"],
    ["https://app.example.com", false, "https://app.example.com"],
    ["https://app.example.com/", false, "https://app.example.com"],
    ["https://shop.example.com", false, "https://shop.example.com"],
    ["https://www.example.com", false, "https://www.example.com"],
    ["https://app.example.com/path", false, false],
    ["https://app.example.com:8443", false, false],
    ["http://plain.example.com", false, false],
    ["http://localhost:3000", false, false],
    ["http://localhost:3000", true, "http://localhost:3000"],
    ["*", true, false],
    ["null", true, false],
    ["data:text/html,x", true, false],
  ])("%s (loopback: %s)", (origin, loopback, expected) => {
    const result = allowedOrigin(origin, PLACES, loopback);
    if (expected === false) expect(result).toMatchObject({ ok: false, code: "origin_not_allowed" });
    else expect(result).toEqual({ ok: true, place: expected });
  });

  test("the website's, where there is no list; nobody's, where there is neither", () => {
    const onlyWebsite = { ...NOWHERE, website_url: PLACES.website_url };
    expect(allowedOrigin(undefined, onlyWebsite, false)).toEqual({ ok: true, place: "https://www.example.com" });
    expect(allowedOrigin(undefined, NOWHERE, true)).toEqual({ ok: true, place: null });
  });
});
