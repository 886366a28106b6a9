import type { ErrorCode, TargetParams } from "@alter-vault/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseTarget } from "./target.ts";

const strict = { allowLoopback: false };
const development = { allowLoopback: true };

const ACCEPTED: readonly (readonly [string, string])[] = [
  ["https://api.example.com", "https://api.example.com/"],
  ["https://api.example.com/v1/items?a=1&a=2&b=", "https://api.example.com/v1/items?a=1&a=2&b="],
  ["HTTPS://API.Example.COM/Path", "https://api.example.com/Path"],
  ["https://api.example.com:443/", "https://api.example.com/"],
  ["https://api.example.com:8443/", "https://api.example.com:8443/"],
  ["https://bücher.example/ä", "https://xn--bcher-kva.example/%C3%A4"],
  ["https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/"],
  ["https://8.8.8.8/", "https://8.8.8.8/"],
  ["https://[2606:4700::1111]:8443/x", "https://[2606:4700::1111]:8443/x"],
  ["https://[2606:4700::ABCD]/", "https://[2606:4700::abcd]/"],
  ["https://api.example.com/a//b/", "https://api.example.com/a//b/"],
  [
    "https://api.example.com/a%20b/%E2%82%AC/100%25/.hidden/..x/a.b..c",
    "https://api.example.com/a%20b/%E2%82%AC/100%25/.hidden/..x/a.b..c",
  ],
  [
    "https://api.example.com/?filter={%22a%22:1}&next=https://other.example/../x%2f",
    "https://api.example.com/?filter={%22a%22:1}&next=https://other.example/../x%2f",
  ],
];

const REFUSED: readonly (readonly [string, ErrorCode])[] = [
  // Scheme and shape.
  ["", "target_invalid"],
  ["/v1/items", "target_invalid"],
  ["//api.example.com/", "target_invalid"],
  ["https:api.example.com/", "target_invalid"],
  ["https:/api.example.com/", "target_invalid"],
  ["https:///api.example.com/", "target_invalid"],
  ["https://", "target_invalid"],
  ["https://?x", "target_invalid"],
  ["http://api.example.com/", "target_insecure"],
  ["ftp://api.example.com/", "target_insecure"],
  ["file:///etc/passwd", "target_invalid"],
  ["javascript:alert(1)", "target_invalid"],
  ["ws://api.example.com/", "target_insecure"],
  ["{scheme}://api.example.com/", "target_invalid"],
  ["https://api.example.com/#x", "target_invalid"],
  ["https://evil.example#.api.example.com/", "target_invalid"],
  // Characters a parser drops or turns.
  ["https://api.example.com\\.evil.example/", "target_invalid"],
  ["https:\\\\api.example.com\\", "target_invalid"],
  ["https://api.example.com\t.evil.example/", "target_invalid"],
  ["https://api.exa\nmple.com/", "target_invalid"],
  ["ht\ttps://api.example.com/", "target_invalid"],
  [" https://api.example.com/", "target_invalid"],
  ["https://api.example.com/ ", "target_invalid"],
  ["https://api.example.com/\0", "target_invalid"],
  ["https://api.example.com/\u0085", "target_invalid"],
  ["https://api.example.com/\u2028", "target_invalid"],
  ["https://api.example.com/\ud800", "target_invalid"],
  // User information.
  ["https://user:fake@api.example.com/", "target_userinfo"],
  ["https://api.example.com@evil.example/", "target_userinfo"],
  ["https://@api.example.com/", "target_userinfo"],
  ["https://api.example.com:80@evil.example/", "target_userinfo"],
  // Hosts that are not what they look like.
  ["https://api.example.com./", "target_invalid"],
  ["https://ａpi.example.com/", "target_invalid"],
  ["https://api。example。com/", "target_invalid"],
  ["https://api.exam\u00adple.com/", "target_invalid"],
  ["https://api.example.com%2eevil.example/", "target_invalid"],
  ["https://api.example.com%00.evil.example/", "target_invalid"],
  ["https://%61pi.example.com/", "target_invalid"],
  ["https://{host}/", "target_invalid"],
  ["https://api.example.com;evil.example/", "target_invalid"],
  ["https://api..example.com/", "target_invalid"],
  ["https://*.example.com/", "target_invalid"],
  // Ports.
  ["https://api.example.com:0/", "target_invalid"],
  ["https://api.example.com:/", "target_invalid"],
  ["https://api.example.com:0443/", "target_invalid"],
  ["https://api.example.com:65536/", "target_invalid"],
  ["https://api.example.com:44x/", "target_invalid"],
  // Addresses.
  ["https://127.0.0.1/", "target_address_forbidden"],
  ["https://127.1/", "target_address_forbidden"],
  ["https://0/", "target_address_forbidden"],
  ["https://2130706433/", "target_address_forbidden"],
  ["https://0x7f000001/", "target_address_forbidden"],
  ["https://0x7f.1/", "target_address_forbidden"],
  ["https://0177.0.0.1/", "target_address_forbidden"],
  ["https://017700000001/", "target_address_forbidden"],
  ["https://0x08080808/", "target_address_forbidden"],
  ["https://8.8.8.8./", "target_address_forbidden"],
  ["https://127.0.0.1./", "target_address_forbidden"],
  ["https://１２７．０．０．１/", "target_address_forbidden"],
  ["https://①②⑦.⓪.⓪.①/", "target_address_forbidden"],
  ["https://256.256.256.256/", "target_address_forbidden"],
  ["https://1.2.3.4.5/", "target_address_forbidden"],
  ["https://10.0.0.1/", "target_address_forbidden"],
  ["https://169.254.169.254/latest/meta-data", "target_address_forbidden"],
  ["https://168.63.129.16/", "target_address_forbidden"],
  ["https://100.100.100.200/", "target_address_forbidden"],
  ["https://[::1]/", "target_address_forbidden"],
  ["https://[::]/", "target_address_forbidden"],
  ["https://[::ffff:127.0.0.1]/", "target_address_forbidden"],
  ["https://[::ffff:7f00:1]/", "target_address_forbidden"],
  ["https://[0:0:0:0:0:ffff:169.254.169.254]/", "target_address_forbidden"],
  ["https://[2606:4700:0:0:0:0:0:1111]/", "target_address_forbidden"],
  ["https://[64:ff9b::7f00:1]/", "target_address_forbidden"],
  ["https://[2002:7f00:1::]/", "target_address_forbidden"],
  ["https://[2001::1]/", "target_address_forbidden"],
  ["https://[fd00:ec2::254]/", "target_address_forbidden"],
  ["https://[fe80::1%25eth0]/", "target_address_forbidden"],
  ["https://localhost/", "target_address_forbidden"],
  ["https://LOCALHOST/", "target_address_forbidden"],
  ["https://x.localhost/", "target_address_forbidden"],
  // Paths.
  ["https://api.example.com/../x", "target_path_unsafe"],
  ["https://api.example.com/a/./b", "target_path_unsafe"],
  ["https://api.example.com/a/..", "target_path_unsafe"],
  ["https://api.example.com/a/%2e%2e/b", "target_path_unsafe"],
  ["https://api.example.com/a/.%2E/b", "target_path_unsafe"],
  ["https://api.example.com/a/%252e%252e/b", "target_path_unsafe"],
  ["https://api.example.com/a/%25252525252e/b", "target_path_unsafe"],
  ["https://api.example.com/a/..;x=1/b", "target_path_unsafe"],
  ["https://api.example.com/a%2fb", "target_path_unsafe"],
  ["https://api.example.com/a%252Fb", "target_path_unsafe"],
  ["https://api.example.com/a%5cb", "target_path_unsafe"],
  ["https://api.example.com/a%00b", "target_path_unsafe"],
  ["https://api.example.com/a%0d%0ab", "target_path_unsafe"],
  ["https://api.example.com/a%c0%afb", "target_path_unsafe"],
  // Placeholders without a value.
  ["https://api.example.com/{id}", "target_invalid"],
  ["https://api.example.com/{", "target_invalid"],
  ["https://api.example.com/x?id={id}", "target_invalid"],
];

describe("parseTarget", () => {
  test.each(ACCEPTED)("%s", (target, href) => {
    const parsed = parseTarget({ target }, strict);
    expect(parsed.ok ? parsed.url.href : parsed).toBe(href);
  });

  test.each(REFUSED)("%j is refused as %s", (target, code) => {
    expect(parseTarget({ target }, strict)).toMatchObject({ ok: false, code });
  });

  test.each([
    "http://127.0.0.1:4000/x",
    "https://127.0.0.1:4000/",
    "http://localhost:4000/",
    "http://[::1]:4000/",
    "https://api.example.com/",
  ])("%s passes with allowLoopback", (target) => {
    expect(parseTarget({ target }, development)).toMatchObject({ ok: true });
  });

  test.each<[string, ErrorCode]>([
    ["http://api.example.com/", "target_insecure"],
    ["http://10.0.0.1/", "target_insecure"],
    ["https://10.0.0.1/", "target_address_forbidden"],
    ["http://127.1:4000/", "target_address_forbidden"],
    ["http://x.localhost:4000/", "target_insecure"],
    ["https://x.localhost:4000/", "target_address_forbidden"],
    ["http://[::ffff:127.0.0.1]:4000/", "target_insecure"],
  ])("%s is refused as %s even with allowLoopback", (target, code) => {
    expect(parseTarget({ target }, development)).toMatchObject({ ok: false, code });
  });

  test("names the host when there is one, and never the query", () => {
    const parsed = parseTarget({ target: "https://10.0.0.1:8443/x?api_key=fake-token-1234" }, strict);
    expect(parsed).toMatchObject({ ok: false, host: "10.0.0.1:8443" });
    expect(JSON.stringify(parsed)).not.toContain("fake-token");
  });
});

const template = (target: string, params: TargetParams): ReturnType<typeof parseTarget> =>
  parseTarget({ target, params }, strict);

describe("templates", () => {
  test.each<[string, Record<string, string>, string]>([
    ["/items/{id}", { id: "a b?c#d&e=f%" }, "/items/a%20b%3Fc%23d%26e%3Df%25"],
    ["/repos/{owner}/{repo}.git", { owner: "é", repo: "x.y" }, "/repos/%C3%A9/x.y.git"],
    ["/{a}{b}", { a: "1", b: "2" }, "/12"],
    ["/{id}/{id}", { id: "7" }, "/7/7"],
    ["/items/{item-id}", { "item-id": "@me:1" }, "/items/%40me%3A1"],
    ["/x/{v}", { v: "50%" }, "/x/50%25"],
    ["/x/{v}", { v: "..." }, "/x/..."],
    ["/x/{v}", { v: "$&{v}" }, "/x/%24%26%7Bv%7D"],
  ])("%s with %j", (path, params, pathname) => {
    const parsed = template(`https://api.example.com${path}`, { path: params });
    expect(parsed.ok ? parsed.url.pathname : parsed).toBe(pathname);
  });

  test.each([
    "",
    ".",
    "..",
    "../x",
    "a/b",
    "/",
    "a\\b",
    "\\..\\x",
    "%2e%2e",
    "%2E",
    "..%2fx",
    "a%2Fb",
    "%252e%252e",
    "%25252525252e",
    "%5c",
    "a;b",
    "..;",
    "%3b",
    "\0",
    "%00",
    "a\r\nX: y",
    "%0a",
    "//evil.example",
    "\x7f",
    "%c0%ae",
    "\ud800",
  ])("the value %j is refused", (value) => {
    for (const path of ["/items/{v}/detail", "/items/x{v}y", "/{v}"]) {
      expect(template(`https://api.example.com${path}`, { path: { v: value } })).toMatchObject({
        ok: false,
        code: "target_path_unsafe",
      });
    }
  });

  test.each<[string, Record<string, string>]>([
    ["https://api.example.com/{a}/{b}", { a: "1" }],
    ["https://api.example.com/{a}", { a: "1", b: "2" }],
    ["https://api.example.com/", { a: "1" }],
    ["https://api.example.com/{toString}", {}],
    ["https://api.example.com/{a", { a: "1" }],
    ["https://api.example.com/{}", { a: "1" }],
    ["https://{a}.example.com/", { a: "api" }],
    ["https://{a}/", { a: "api.example.com" }],
    ["https://api.example.com/?q={a}", { a: "1" }],
  ])("%s with %j is refused", (target, path) => {
    expect(template(target, { path })).toMatchObject({ ok: false, code: "target_invalid" });
  });

  test("literal and value cannot make a dot segment together", () => {
    expect(template("https://api.example.com/a/.{v}/b", { path: { v: "%2e" } })).toMatchObject({ ok: false });
    expect(template("https://api.example.com/a/%2{v}/b", { path: { v: "e" } })).toMatchObject({ ok: false });
    expect(template("https://api.example.com/a/{v}%2e/b", { path: { v: "%252e" } })).toMatchObject({ ok: false });
  });

  test("query pairs go behind the query, in order, encoded", () => {
    const query: [string, string][] = [
      ["b", "x y"],
      ["a", "&=#?/"],
      ["b", "é"],
    ];
    const urls = ["https://api.example.com/p", "https://api.example.com/p?z=1"].map((target) =>
      template(target, { query }),
    );
    expect(urls.map((parsed) => parsed.ok && parsed.url.search)).toEqual([
      "?b=x%20y&a=%26%3D%23%3F%2F&b=%C3%A9",
      "?z=1&b=x%20y&a=%26%3D%23%3F%2F&b=%C3%A9",
    ]);
  });

  test("whatever the value: refused, or one segment that decodes to it", () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom("..", ".", "%2e", "%2f", "/", "\\", "%25", ";", "%", "é", "\0"),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        const value = pieces.join("");
        const parsed = template("https://api.example.com/v1/items/{id}/detail?x=1", { path: { id: value } });
        if (!parsed.ok) return;
        const segments = parsed.url.pathname.split("/");
        expect(segments).toHaveLength(5);
        expect([segments[1], segments[2], segments[4]]).toEqual(["v1", "items", "detail"]);
        expect(decodeURIComponent(segments[3] ?? "")).toBe(value);
        expect(parsed.url.search).toBe("?x=1");
      }),
      { numRuns: 2000 },
    );
  });
});
