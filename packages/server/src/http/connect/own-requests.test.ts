import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { isFromOwnPage } from "./same-origin.ts";
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
