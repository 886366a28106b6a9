import { STATUS_CODES } from "node:http";
import { describe, expect, test } from "vitest";
import { ERROR_CODES, isErrorCode, type ErrorCode, type SdkErrorName } from "./error-codes.ts";
import { makeProblem, Problem } from "./problem.ts";

const entries = Object.entries(ERROR_CODES) as [ErrorCode, (typeof ERROR_CODES)[ErrorCode]][];

/** "Client closed request": not registered, but the name that logs and proxies have for it. */
const UNREGISTERED_STATUSES = [499];

/** A 4xx says "change the request". These few go away by themselves. */
const RETRYABLE_CLIENT_ERRORS: ErrorCode[] = [
  "clock_skew",
  "token_refresh_in_progress",
  "rate_limited",
  "tool_call_in_progress",
  "approval_executing",
  "provider_rate_limited",
  "connect_timeout",
];

/** The SDK makes a class of each. Written as a record so that a new name fails to compile until it is here. */
const SDK_ERRORS: Record<SdkErrorName, true> = {
  BackendError: true,
  AgentError: true,
  AgentInactiveError: true,
  AgentRevokedError: true,
  AgentNotFoundError: true,
  LastActiveKeyError: true,
  IdempotencyKeyBodyMismatchError: true,
  AgentNameExistsError: true,
  InvalidKeyError: true,
  KeyNotFoundError: true,
  AgentKeyRequiredError: true,
  AgentNotAllowedError: true,
  InsufficientScopeError: true,
  RestrictedGrantRequiresProxyError: true,
  NoDelegatedGrantError: true,
  UserTokenError: true,
  ReAuthRequiredError: true,
  GrantExpiredError: true,
  GrantRevokedError: true,
  GrantDeletedError: true,
  GrantNotFoundError: true,
  AmbiguousGrantError: true,
  PolicyViolationError: true,
  RateLimitError: true,
  ApprovalRequiredError: true,
  TokenRefreshInProgressError: true,
  ScopeReauthRequiredError: true,
  ConnectFlowError: true,
  ConnectDeniedError: true,
  ConnectConfigError: true,
  ConnectTimeoutError: true,
  NetworkError: true,
  TimeoutError: true,
};

describe("every entry", () => {
  test("has a snake_case name", () => {
    for (const [code] of entries) expect(code).toMatch(/^[a-z]+(_[a-z0-9]+)*$/);
  });

  test("has the status of an HTTP error", () => {
    for (const [code, { status }] of entries) {
      expect(status, code).toBeGreaterThanOrEqual(400);
      expect(String(status) in STATUS_CODES || UNREGISTERED_STATUSES.includes(status), code).toBe(true);
    }
  });

  test("is retryable exactly where the status lets a caller hope", () => {
    for (const [code, { status, retryable }] of entries) {
      if (status < 500) expect(retryable, code).toBe(RETRYABLE_CLIENT_ERRORS.includes(code));
      if ([429, 503, 504].includes(status)) expect(retryable, code).toBe(true);
      if (status === 500) expect(retryable, code).toBe(false);
    }
  });

  test("tells a person what it is and what to do, in text that fits a table", () => {
    for (const [code, { title, fix }] of entries) {
      expect(title, code).toMatch(/^[A-Z].*[^.]$/);
      expect(fix, code).toMatch(/^[A-Z].*\.$/);
      expect(`${title}${fix}`, code).not.toMatch(/[|\n]/);
    }
  });

  test("makes a problem that its own schema reads", () => {
    for (const [code, { title, status, retryable, fix }] of entries) {
      const type = `urn:alter-vault:error:${code}`;
      const problem = makeProblem(code, "what happened", { request_id: "req-1" });
      const expected = { type, title, status, code, detail: "what happened", fix, retryable, request_id: "req-1" };
      expect(Problem.parse(problem)).toEqual(expected);
    }
  });
});

describe("the table", () => {
  test("uses every class of the SDK", () => {
    const used = new Set(entries.map(([, entry]) => entry.sdkError));
    expect([...used].toSorted()).toEqual(Object.keys(SDK_ERRORS).toSorted());
  });

  test("names only fields that a problem has", () => {
    for (const [code, entry] of entries) {
      for (const [, field = ""] of entry.fix.matchAll(/`([a-z]+_[a-z_]+)`/g)) {
        expect(Object.keys(Problem.shape), `${code} points to ${field}`).toContain(field);
      }
    }
  });

  test("is closed", () => {
    expect(isErrorCode("clock_skew")).toBe(true);
    for (const other of ["", "Clock_skew", "unknown", "toString", "__proto__", "constructor", "hasOwnProperty"])
      expect(isErrorCode(other)).toBe(false);
    expect(Problem.safeParse({ ...makeProblem("internal", "x"), code: "made_up" }).success).toBe(false);
  });
});
