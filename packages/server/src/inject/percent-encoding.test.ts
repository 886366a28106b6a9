import fc from "fast-check";
import { expect, test } from "vitest";
import { percentEncode, percentNormalize } from "./percent-encoding.ts";

test.each([
  ["AZaz09-._~", "AZaz09-._~"],
  [
    " !\"#$%&'()*+,/:;<=>?@[\\]^`{|}",
    "%20%21%22%23%24%25%26%27%28%29%2A%2B%2C%2F%3A%3B%3C%3D%3E%3F%40%5B%5C%5D%5E%60%7B%7C%7D",
  ],
  ["é€😀", "%C3%A9%E2%82%AC%F0%9F%98%80"],
  ["\ud800", "%EF%BF%BD"],
])("encodes %j", (text, encoded) => {
  expect(percentEncode(text)).toBe(encoded);
});

test.each([
  ["%41%7e%2f%2F", "A~%2F%2F"],
  ["a+b*c", "a%2Bb%2Ac"],
  ["100%", "100%25"],
  ["%zz%4", "%25zz%254"],
  ["%ff%00", "%FF%00"],
  ["😀%F0%9F%98%80", "%F0%9F%98%80%F0%9F%98%80"],
])("normalizes %j", (encoded, normal) => {
  expect(percentNormalize(encoded)).toBe(normal);
});

test("to encode, and to normalize what is encoded, is the same; twice changes nothing", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const encoded = percentEncode(text);
      expect(decodeURIComponent(encoded)).toBe(text);
      expect(percentNormalize(encoded)).toBe(encoded);
      const normal = percentNormalize(text);
      expect(normal).toMatch(/^([A-Za-z0-9\-._~]|%[0-9A-F]{2})*$/);
      expect(percentNormalize(normal)).toBe(normal);
    }),
  );
});
