import { describe, expect, test } from "vitest";
import { hostMatches, isHostName, isSharedDomain, registrableDomain } from "./host-rule.ts";

test.each([
  ["api.example.com", true],
  ["a-b.example.co.uk", true],
  ["xn--bcher-kva.example", true],
  ["example", false],
  ["127.0.0.1", false],
  ["127.1", false],
  ["0x7f.0x1", false],
  ["1.2.3.4.", false],
  ["example.com.", false],
  ["-a.example.com", false],
  ["a..example.com", false],
  ["a_b.example.com", false],
  ["EXAMPLE.com", false],
  [`${"a".repeat(64)}.example.com`, false],
])("isHostName(%s) is %s", (text, expected) => expect(isHostName(text)).toBe(expected));

test.each([
  ["com", true],
  ["co.uk", true],
  ["com.au", true],
  ["github.io", true],
  ["googleapis.com", true],
  ["s3.eu-west-1.amazonaws.com", true],
  ["salesforce.com", false],
  ["example.co.uk", false],
  ["notgithub.io", false],
])("isSharedDomain(%s) is %s", (domain, expected) => expect(isSharedDomain(domain)).toBe(expected));

test.each([
  ["api.example.com", "example.com"],
  ["*.a.example.co.uk", "example.co.uk"],
  ["example.com", "example.com"],
])("registrableDomain(%s) is %s", (host, expected) => expect(registrableDomain(host)).toBe(expected));

describe("hostMatches", () => {
  const rules = ["api.example.com", "*.example.org"];
  test.each([
    ["api.example.com", true],
    ["x.api.example.com", false],
    ["example.com", false],
    ["a.example.org", true],
    ["a.b.example.org", true],
    ["example.org", false],
    [".example.org", false],
    ["evilexample.org", false],
    ["api.example.com.evil.example", false],
  ])("%s: %s", (host, expected) => expect(hostMatches(rules, host)).toBe(expected));
});
