import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { isFromOwnPage } from "./same-origin.ts";
import { visitorOf } from "./visitor.ts";
import { durationInWords } from "./duration-in-words.ts";

const VAULT = "https://vault.example.com";

test.each<[IncomingMessage["headers"], boolean]>([
  [{ "sec-fetch-site": "same-origin", origin: "null" }, true],
  [{ "sec-fetch-site": "same-site", origin: "null" }, false],
  [{ "sec-fetch-site": "cross-site", origin: VAULT }, false],
  [{ "sec-fetch-site": "none" }, false],
  [{ origin: VAULT }, true],
  [{ origin: "null" }, true],
  [{}, true],
  [{ origin: "https://evil.example" }, false],
  [{ origin: `${VAULT}.evil.example` }, false],
])("a form with %o is from an own page: %s", (headers, expected) => {
  expect(isFromOwnPage({ headers }, VAULT)).toBe(expected);
});

test.each<[string | undefined, boolean, string]>([
  [undefined, true, "10.0.0.1"],
  ["203.0.113.9", false, "10.0.0.1"],
  ["203.0.113.9", true, "203.0.113.9"],
  ["198.51.100.1, 203.0.113.9", true, "203.0.113.9"],
])("x-forwarded-for %s, behind a proxy: %s -> %s", (forwarded, behindProxy, address) => {
  const headers = forwarded === undefined ? {} : { "x-forwarded-for": forwarded };
  const request = { headers, socket: { remoteAddress: "10.0.0.1" } } as unknown as IncomingMessage;
  expect(visitorOf(request, behindProxy).address).toBe(address);
});

test.each([
  [1, "1 second"],
  [90, "90 seconds"],
  [60, "1 minute"],
  [7_200, "2 hours"],
  [86_400, "1 day"],
  [30 * 86_400, "30 days"],
])("%i seconds: %s", (seconds, words) => {
  expect(durationInWords(seconds)).toBe(words);
});
