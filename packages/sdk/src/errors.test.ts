import { inspect } from "node:util";
import { ERROR_CODES, makeProblem, type ErrorCode } from "@alter-vault/protocol";
import { describe, expect, test, vi } from "vitest";
import * as sdk from "./index.ts";
import { errorFromProblem } from "./error-from-problem.ts";

const TREE: Record<string, string> = {
  AlterValueError: "AlterSDKError",
  BackendError: "AlterSDKError",
  AgentError: "BackendError",
  AgentInactiveError: "AgentError",
  AgentRevokedError: "AgentError",
  AgentNotFoundError: "AgentError",
  InvalidKeyError: "AgentError",
  KeyNotFoundError: "AgentError",
  AgentKeyRequiredError: "AgentError",
  AgentNotAllowedError: "AgentError",
  LastActiveKeyError: "AgentError",
  IdempotencyKeyBodyMismatchError: "AgentError",
  AgentNameExistsError: "AgentError",
  InsufficientScopeError: "BackendError",
  RestrictedGrantRequiresProxyError: "BackendError",
  NoDelegatedGrantError: "BackendError",
  UserTokenError: "BackendError",
  ReAuthRequiredError: "BackendError",
  GrantExpiredError: "ReAuthRequiredError",
  GrantRevokedError: "ReAuthRequiredError",
  GrantDeletedError: "ReAuthRequiredError",
  GrantNotFoundError: "BackendError",
  AmbiguousGrantError: "BackendError",
  PolicyViolationError: "BackendError",
  RateLimitError: "PolicyViolationError",
  ApprovalRequiredError: "PolicyViolationError",
  TokenRefreshInProgressError: "BackendError",
  ConnectFlowError: "AlterSDKError",
  ConnectDeniedError: "ConnectFlowError",
  ConnectConfigError: "ConnectFlowError",
  ConnectTimeoutError: "ConnectFlowError",
  ApprovalError: "AlterSDKError",
  ApprovalDeniedError: "ApprovalError",
  ApprovalExpiredError: "ApprovalError",
  ApprovalTimeoutError: "ApprovalError",
  ApprovalExecutionFailedError: "ApprovalError",
  ProviderAPIError: "AlterSDKError",
  ScopeReauthRequiredError: "ProviderAPIError",
  NetworkError: "AlterSDKError",
  TimeoutError: "NetworkError",
};

type ErrorClass = new (message: string, init?: object) => sdk.AlterSDKError;
const classes = sdk as unknown as Record<string, ErrorClass>;

describe("the tree", () => {
  test.each(Object.entries(TREE))("%s is a %s", (name, parent) => {
    const error = new (classes[name] as ErrorClass)("why", { statusCode: 500 });
    expect(error.name).toBe(name);
    expect(error).toBeInstanceOf(Error);
    expect(error).toBeInstanceOf(sdk.AlterSDKError);
    expect(error).toBeInstanceOf(classes[parent]);
    expect(Object.getPrototypeOf(classes[name])).toBe(classes[parent]);
    const others = Object.keys(TREE).filter((other) => other !== name && !ancestors(name).includes(other));
    for (const other of others) expect(error, other).not.toBeInstanceOf(classes[other]);
  });

  test.each([
    ["ConnectionExpiredError", "GrantExpiredError"],
    ["ConnectionRevokedError", "GrantRevokedError"],
    ["ConnectionDeletedError", "GrantDeletedError"],
    ["ConnectionNotFoundError", "GrantNotFoundError"],
    ["CredentialRevokedError", "ReAuthRequiredError"],
    ["MeRequiresAgentKeyError", "AgentKeyRequiredError"],
    ["AgentCannotMintSubagentsError", "AgentNotAllowedError"],
    ["KeyRevokedError", "InvalidKeyError"],
    ["IdempotencyKeyAgentRevokedError", "AgentRevokedError"],
    ["IdempotencyKeyAgentInactiveError", "AgentInactiveError"],
    ["TokenExpiredError", "ReAuthRequiredError"],
    ["TokenRetrievalError", "BackendError"],
  ])("%s is another name of %s", (alias, name) => {
    expect(classes[alias]).toBe(classes[name]);
  });

  test("an error of another copy of the package is known", async () => {
    vi.resetModules();
    const copy = await import("./errors.ts");
    const error = new copy.GrantExpiredError("why");
    expect(Object.getPrototypeOf(error)).not.toBe(sdk.GrantExpiredError.prototype);
    expect(error instanceof sdk.GrantExpiredError).toBe(true);
    expect(error instanceof sdk.BackendError).toBe(true);
    expect(sdk.ReAuthRequiredError.is(error)).toBe(true);
    expect(error instanceof sdk.GrantRevokedError).toBe(false);
    expect(sdk.NetworkError.is(error)).toBe(false);
  });

  test("a class of the user's own is not everything's class", () => {
    class Mine extends sdk.BackendError {}
    expect(new Mine("why") instanceof Mine).toBe(true);
    expect(new Mine("why") instanceof sdk.BackendError).toBe(true);
    expect(new sdk.BackendError("why") instanceof Mine).toBe(false);
  });

  test.each([[undefined], [null], ["BackendError"], [new Error("x")], [{}]])("%o is not one", (value) => {
    expect(sdk.AlterSDKError.is(value)).toBe(false);
  });
});

describe("a refusal becomes the class of its code", () => {
  test.each(Object.keys(ERROR_CODES) as ErrorCode[])("%s", (code) => {
    const entry = ERROR_CODES[code];
    const problem = makeProblem(code, "the detail", {
      request_id: "r-1",
      grant_id: "g-1",
      provider_id: "github",
      policy_error: "office hours",
      rule_id: "rule-1",
      missing_scopes: ["write"],
      account_identifiers: ["a@example.com", "b@example.com"],
    });
    const error = errorFromProblem(problem);
    expect(error.name).toBe(entry.sdkError);
    expect(error).toMatchObject({ code, retryable: entry.retryable, requestId: "r-1", details: problem });
    expect(error.message).toBe(`the detail. ${entry.fix}`);
    if (error instanceof sdk.BackendError) {
      expect(error).toMatchObject({ grantId: "g-1", connectionId: "g-1", providerId: "github" });
    }
    if (error instanceof sdk.PolicyViolationError) {
      expect(error).toMatchObject({ policyError: "office hours", ruleId: "rule-1" });
    }
    if (error instanceof sdk.AmbiguousGrantError) {
      expect(error.accountIdentifiers).toEqual(["a@example.com", "b@example.com"]);
    }
    if (error instanceof sdk.ScopeReauthRequiredError) {
      expect(error).toMatchObject({ statusCode: 403, grantId: "g-1", connectionId: "g-1", providerId: "github" });
      expect(error.missingScopes).toEqual(["write"]);
    }
  });

  test("the grant of the call is named where the problem does not name one", () => {
    const error = errorFromProblem(makeProblem("grant_expired", "over"), { grantId: "g-2" });
    expect(error).toMatchObject({ connectionId: "g-2" });
  });
});

test("instanceof narrows the type", () => {
  const caught: unknown = new sdk.ProviderAPIError("why", { statusCode: 418 });
  if (!(caught instanceof sdk.ProviderAPIError)) throw caught;
  const status: number = caught.statusCode;
  expect(status).toBe(418);
});

test("printing and serializing leave the provider's data out", () => {
  const error = new sdk.ProviderAPIError("The provider answered 500.", {
    statusCode: 500,
    responseBody: "fake-private-data",
    headers: new Headers({ "x-a": "fake-private-header" }),
    requestId: "r-1",
  });
  const shown = inspect(error, { depth: 10 }) + JSON.stringify(error);
  expect(error.responseBody).toBe("fake-private-data");
  expect(error.headers.get("x-a")).toBe("fake-private-header");
  expect(shown).not.toContain("fake-private");
  expect(JSON.parse(JSON.stringify(error))).toEqual({
    name: "ProviderAPIError",
    message: "The provider answered 500.",
    code: "provider_error",
    retryable: false,
    requestId: "r-1",
    details: {},
    statusCode: 500,
  });
});

function ancestors(name: string): string[] {
  const parent = TREE[name];
  return parent === undefined ? [] : [parent, ...ancestors(parent)];
}
