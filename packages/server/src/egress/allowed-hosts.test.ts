import { describe, expect, test } from "vitest";
import { compileAllowedHosts, parseAllowedHost } from "./allowed-hosts.ts";

const strict = { allowLoopback: false };
const development = { allowLoopback: true };

describe("parseAllowedHost", () => {
  test.each([
    ["api.example.com", "api.example.com"],
    ["API.Example.COM", "api.example.com"],
    ["https://api.example.com", "api.example.com"],
    ["https://api.example.com/", "api.example.com"],
    ["HTTPS://api.example.com:443", "api.example.com"],
    ["api.example.com:8443", "api.example.com:8443"],
    ["*.example.com", "*.example.com"],
    ["https://*.Example.com:8443", "*.example.com:8443"],
    ["bücher.example", "xn--bcher-kva.example"],
    ["*.bücher.example", "*.xn--bcher-kva.example"],
    ["8.8.8.8", "8.8.8.8"],
    ["[2606:4700::1111]:8443", "[2606:4700::1111]:8443"],
    ["intranet", "intranet"],
  ])("%s is %s", (text, normal) => {
    const parsed = parseAllowedHost(text, strict);
    expect(parsed.ok ? parsed.host.text : parsed).toBe(normal);
    expect(parseAllowedHost(normal, strict)).toEqual(parsed);
  });

  test.each([
    "",
    "*",
    "*.",
    "*.com",
    "*.*.example.com",
    "api.*.com",
    "a*.example.com",
    "*example.com",
    "*.8.8.8.8",
    "http://api.example.com",
    "ftp://api.example.com",
    "//api.example.com",
    "https:api.example.com",
    "user@api.example.com",
    "user:fake@api.example.com",
    "api.example.com/v1",
    "api.example.com?x",
    "api.example.com#x",
    "{host}.example.com",
    "api.example.com:0",
    "api.example.com:65536",
    "api.example.com:",
    "api.example.com:x",
    "api.example.com.",
    "api example.com",
    "api.example.com\n",
    "api.example.com\\x",
    "ａpi.example.com",
    "10.0.0.1",
    "169.254.169.254",
    "127.1",
    "0x7f000001",
    "[::ffff:8.8.8.8]",
    "[fd00:ec2::254]",
    "127.0.0.1:4000",
    "localhost:4000",
    "http://127.0.0.1:4000",
    "[::1]:4000",
  ])("%j is refused", (text) => {
    expect(parseAllowedHost(text, strict)).toMatchObject({ ok: false, detail: expect.any(String) });
  });

  test.each([
    ["http://127.0.0.1:4000", "127.0.0.1:4000"],
    ["127.0.0.1:4000", "127.0.0.1:4000"],
    ["https://localhost:443", "localhost:443"],
    ["LOCALHOST:80", "localhost:80"],
    ["[::1]:4000", "[::1]:4000"],
  ])("with allowLoopback %s is %s", (text, normal) => {
    const parsed = parseAllowedHost(text, development);
    expect(parsed.ok ? parsed.host.text : parsed).toBe(normal);
  });

  test.each([
    "127.0.0.1",
    "http://localhost",
    "*.localhost:4000",
    "x.localhost:4000",
    "10.0.0.1:4000",
    "http://api.example.com",
  ])("%s is refused even with allowLoopback", (text) => {
    expect(parseAllowedHost(text, development).ok).toBe(false);
  });
});

describe("compileAllowedHosts", () => {
  const allows = compileAllowedHosts([
    "api.example.com",
    "odd.example.com:8443",
    "*.example.org",
    "*.example.net:8443",
    "http://127.0.0.1:4000",
    "localhost:4001",
    "*",
    "not a host",
  ]);

  test.each([
    "https://api.example.com/x",
    "https://odd.example.com:8443/",
    "https://a.example.org/",
    "https://a.b.example.org/",
    "https://a.example.net:8443/",
    "http://127.0.0.1:4000/",
    "https://127.0.0.1:4000/",
    "http://localhost:4001/",
  ])("%s", (url) => {
    expect(allows(new URL(url))).toBe(true);
  });

  test.each([
    "http://api.example.com/",
    "http://api.example.com:443/",
    "http://a.example.org:443/",
    "https://api.example.com:8443/",
    "https://odd.example.com/",
    "https://evil-api.example.com/",
    "https://api.example.com.evil.example/",
    "https://example.org/",
    "https://evilexample.org/",
    "http://a.example.org/",
    "https://a.example.org:8443/",
    "https://a.example.net/",
    "http://127.0.0.1:4001/",
    "http://127.0.0.2:4000/",
    "http://localhost:4000/",
    "ftp://api.example.com/",
    "https://other.example/",
  ])("not %s", (url) => {
    expect(allows(new URL(url))).toBe(false);
  });
});
