import { describe, expect, test } from "vitest";
import {
  adapterContext,
  contextText,
  describeFailure,
  readToolAnswer,
  sendToolRequest,
  type ToolRequest,
} from "./adapter.ts";
import { AlterVault } from "./alter-vault.ts";
import { errorFromProblem } from "./error-from-problem.ts";
import { AlterSDKError } from "./alter-sdk-error.ts";
import {
  AlterValueError,
  BackendError,
  NetworkError,
  PolicyViolationError,
  ProviderAPIError,
  TimeoutError,
} from "./errors.ts";
import { FAKE_API_KEY } from "./fake-vault.test-support.ts";
import { ERROR_CODES, makeProblem, type ErrorCode } from "@alter-vault/protocol";

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

describe("readToolAnswer", () => {
  const typed = (type: string): ResponseInit => ({ headers: { "content-type": type } });
  test.each([
    [new Response('{"a":1}', typed("application/json")), { a: 1 }],
    [new Response('{"a":1}', typed("application/problem+json; charset=utf-8")), { a: 1 }],
    [new Response("{oops", typed("application/json")), "{oops"],
    [new Response('{"a":1}', typed("text/plain; note=x/json")), '{"a":1}'],
    [new Response('{"a":1}', typed("application/jsonlines")), '{"a":1}'],
    [new Response("hello", typed("text/plain")), "hello"],
    [new Response(null, { status: 204 }), null],
    [new Response("", typed("application/json")), null],
  ])("%#", async (response, value) => {
    expect(await readToolAnswer(response)).toEqual(value);
  });
});

describe("what a framework says", () => {
  test("becomes text that the wire takes", () => {
    const context = { tool: "t", step: 2, node: undefined, other: { a: 1 }, empty: "" };
    expect(adapterContext({ runId: "x".repeat(600), threadId: 7, toolCallId: null, context })).toEqual({
      runId: "x".repeat(512),
      threadId: "7",
      toolCallId: undefined,
      context: { tool: "t", step: "2" },
    });
    expect(contextText(Symbol("x"))).toBeUndefined();
  });

  test("cannot choose the credential, or anything else that is not the tool's to say", async () => {
    const vault = new AlterVault({ apiKey: FAKE_API_KEY, baseUrl: "http://127.0.0.1:9" }).with({ provider: "github" });
    for (const name of ["grantId", "provider", "account", "mode", "runId", "signal", "timeout"]) {
      const request = { method: "GET", url: "https://api.example", [name]: "fake" } as ToolRequest;
      await expect(sendToolRequest(vault, request, { framework: "test" })).rejects.toThrow(
        `There is no option "${name}"`,
      );
    }
  });
});
