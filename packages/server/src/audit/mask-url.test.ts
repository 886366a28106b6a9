import { expect, test } from "vitest";
import { maskRawTarget, maskUrl } from "./mask-url.ts";

test.each([
  ["https://a.example/x", "https://a.example/x"],
  ["https://a.example/x?q=1&page=2", "https://a.example/x?q=1&page=2"],
  ["https://a.example/x?access_token=fake&q=1", "https://a.example/x?access_token=***&q=1"],
  ["https://a.example/x?api_key=fake", "https://a.example/x?api_key=***"],
  ["https://a.example/x?X-Amz-Signature=fake", "https://a.example/x?X-Amz-Signature=***"],
  ["https://a.example/x?client_secret=fake&code=fake", "https://a.example/x?client_secret=***&code=***"],
  ["https://a.example/x?%74oken=fake", "https://a.example/x?%74oken=***"],
  ["https://a.example/x?monkey=1&keyboard=2", "https://a.example/x?monkey=1&keyboard=2"],
  ["https://a.example/x?token", "https://a.example/x?token"],
])("%s is written as %s", (url, written) => {
  expect(maskUrl(new URL(url))).toBe(written);
});

test("of a target that did not parse, neither user info nor query nor control characters are kept", () => {
  expect(maskRawTarget("https://user:fake@host/p?token=fake#f")).toBe("https://***@host/p");
  expect(maskRawTarget("https://host/\r\nx")).toBe("https://host/??x");
});
