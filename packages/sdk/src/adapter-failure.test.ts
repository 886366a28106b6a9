import { ERROR_CODES, makeProblem, type ErrorCode } from "@alter-vault/protocol";
import { describe, expect, test } from "vitest";
import { describeFailure, failureForModel } from "./adapter-failure.ts";
import { AlterSDKError } from "./alter-sdk-error.ts";
import { errorFromProblem } from "./error-from-problem.ts";
import {
  AlterValueError,
  BackendError,
  NetworkError,
  PolicyViolationError,
  ProviderAPIError,
  TimeoutError,
} from "./errors.ts";

describe("describeFailure", () => {
  test.each(Object.keys(ERROR_CODES) as ErrorCode[])("%s: by the table, with what the vault said", (code) => {
    const { status, title, fix, retryable } = ERROR_CODES[code];
    const problem = makeProblem(code, "because", { request_id: "r1" });
    expect(describeFailure(errorFromProblem(problem))).toEqual({
      code,
      title,
      status,
      message: "because",
      fix,
      requestId: "r1",
      retryable,
    });
  });

  test("Retry-After", () => {
    const problem = makeProblem("rate_limited", "slow down", { retry_after_seconds: 7 });
    expect(describeFailure(errorFromProblem(problem))).toMatchObject({
      status: 429,
      retryAfterSeconds: 7,
      retryable: true,
    });
  });

  test.each([
    [
      new NetworkError("Cannot reach the vault at http://10.0.0.1 (ECONNREFUSED)."),
      502,
      "The vault or the provider cannot be reached.",
    ],
    [new TimeoutError("No answer from the vault at http://10.0.0.1 within 5 ms."), 504, "There was no answer in time."],
    [
      new BackendError("What answered at http://10.0.0.1 is not the vault."),
      500,
      "Something went wrong inside the vault.",
    ],
    [new AlterSDKError("http://10.0.0.1"), 500, "The call failed."],
    [new PolicyViolationError("made by the program"), 403, "A policy denies the call."],
    [
      new ProviderAPIError("The provider answered 404 fake reason.", { statusCode: 404 }),
      502,
      "The provider answered with status 404.",
    ],
  ])("%o says nothing of its own message", (error, status, message) => {
    expect(describeFailure(error)).toMatchObject({ status, message });
  });

  test("a code that another copy of the package knows", () => {
    const error = Object.assign(new BackendError("new"), { code: "code_of_tomorrow" });
    expect(describeFailure(error)).toMatchObject({
      code: "code_of_tomorrow",
      status: 500,
      message: "The call failed.",
    });
  });

  test.each([
    [
      "see https://a.example/x?token=fake-1 and http://b.example#fake-2.",
      "see https://a.example/x and http://b.example",
    ],
    ['"https://a.example/x?a=1&b=2" is refused', '"https://a.example/x" is refused'],
    ["x".repeat(5000), "x".repeat(1000)],
  ])("%.60s: queries are left out, and length has an end", (detail, message) => {
    expect(describeFailure(errorFromProblem(makeProblem("policy_denied", detail)))).toMatchObject({ message });
  });

  test.each([
    new AlterValueError("wrong"),
    new AlterSDKError("closed", { code: "closed" }),
    new AlterSDKError("no scope", { code: "context_unavailable" }),
    new DOMException("gone", "AbortError"),
    new Error("mine"),
    "text",
    undefined,
  ])("%o is none", (error) => {
    expect(describeFailure(error)).toBeNull();
  });
});

describe("failureForModel", () => {
  const failure = describeFailure(errorFromProblem(makeProblem("reauth_required", "gone", { request_id: "r1" })));
  if (failure === null) throw new Error("is one");

  test("says what the table says, and with an action what somebody must do, and where", () => {
    const { fix } = ERROR_CODES.reauth_required;
    expect(failureForModel(failure, null)).toEqual({ error: "reauth_required", message: "gone", fix, requestId: "r1" });
    const action = { message: "Connect first.", url: "https://vault.example/c" } as never;
    expect(failureForModel(failure, action)).toEqual({
      error: "reauth_required",
      message: "gone",
      fix: "Connect first.",
      url: "https://vault.example/c",
      requestId: "r1",
    });
    expect(failureForModel(failure, { message: "Connect first.", url: null } as never)).not.toHaveProperty("url");
  });
});
