import { ERROR_CODES } from "@alter-vault/protocol";
import { expect, test } from "vitest";
import { exitCodeOf } from "./exit-code.ts";

test.each([
  [400, 1],
  [401, 3],
  [403, 3],
  [404, 4],
  [405, 1],
  [409, 5],
  [410, 4],
  [413, 1],
  [429, 6],
  [500, 1],
  [503, 1],
])("status %d ends with %d", (status, code) => {
  expect(exitCodeOf(status)).toBe(code);
});

test.each([
  ["insufficient_scope", 3],
  ["invalid_key", 3],
  ["policy_denied", 3],
  ["secret_not_found", 4],
  ["grant_deleted", 4],
  ["conflict", 5],
  ["rate_limited", 6],
  ["invalid_request", 1],
  ["internal", 1],
] as const)("%s ends with %d", (code, exitCode) => {
  expect(exitCodeOf(ERROR_CODES[code].status)).toBe(exitCode);
});
