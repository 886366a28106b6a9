import { describe, expect, test } from "vitest";
import { readMessage, readReturn, RETURN_PARAMETERS } from "./read-result.ts";

const GRANT = {
  grant_id: "one",
  provider: "google",
  provider_name: "Google",
  account_identifier: "ada@example.com",
  timestamp: "2026-11-25T00:00:00.000Z",
  operation: "reauth",
  scopes: ["a", 7, "b"],
  status: "pending",
  metadata: { account_email: "ada@example.com" },
};

describe("a message", () => {
  test("with grants: what is whole is told, what is not is left out", () => {
    const outcome = readMessage({ type: "alter_connect_success", grants: [GRANT, { provider: "x" }, null, "noise"] });
    expect(outcome).toEqual({ kind: "success", grants: [{ ...GRANT, scopes: ["a", "b"] }] });
  });

  test.each([[[]], [[{ grant_id: "one" }]], ["noise"], [undefined]])("without a whole grant: %o", (grants) => {
    expect(readMessage({ type: "alter_connect_success", grants })).toMatchObject({
      kind: "error",
      error: { code: "invalid_response" },
    });
  });

  test("of an error", () => {
    const data = { type: "alter_connect_error", error: "connect_denied", error_description: "no" };
    expect(readMessage(data)).toEqual({
      kind: "error",
      error: { code: "connect_denied", message: "no", details: data },
    });
    expect(readMessage({ type: "alter_connect_error" })).toMatchObject({ error: { code: "oauth_error" } });
  });

  test.each([null, "text", 7, {}, { type: "webpackOk" }, []])("that is none of ours: %o", (data) => {
    expect(readMessage(data)).toBeNull();
  });
});

describe("a return URL", () => {
  test("with a grant", () => {
    const parameters = new URLSearchParams({
      alter_connect_success: "true",
      grant_id: "one",
      provider: "google",
      scopes: "a,b",
    });
    expect(readReturn(parameters)).toMatchObject({
      kind: "success",
      grants: [
        { grant_id: "one", provider_name: "google", scopes: ["a", "b"], operation: "creation", status: "active" },
      ],
    });
  });

  test("with half a grant", () => {
    expect(readReturn(new URLSearchParams({ alter_connect_success: "true", grant_id: "one" }))).toMatchObject({
      error: { code: "invalid_response" },
    });
  });

  test("with an error", () => {
    const parameters = new URLSearchParams({ alter_connect_error: "true", error_code: "session_expired" });
    expect(readReturn(parameters)).toMatchObject({ error: { code: "session_expired" } });
  });

  test("with nothing of ours", () => {
    expect(readReturn(new URLSearchParams({ code: "1", grant_id: "one" }))).toBeNull();
    expect(RETURN_PARAMETERS).toContain("grant_id");
  });
});
