import type { ConnectedGrant } from "@alter-vault/protocol";
import { describe, expect, test } from "vitest";
import { resultMessage, returnLocation } from "./result-message.ts";
import type { Session } from "./session.ts";

const grant = (id: string, account: string): ConnectedGrant => ({
  grant_id: id,
  provider: "google",
  provider_name: "Google",
  account_identifier: account,
  account_display_name: "Ada",
  scopes: ["a", "b"],
  missing_scopes: [],
  status: "active",
  operation: "creation",
  timestamp: "2026-11-25T00:00:00.000Z",
  expires_at: null,
  grant_policy: null,
});

const session = (
  change: Partial<Session>,
  returnUrl: string | null = "https://app.example.com/done?x=1#top",
): Session => ({
  id: "s",
  appId: "a",
  status: "completed",
  options: {
    kind: "browser",
    providers: ["google"],
    returnUrl,
    allowedOrigin: null,
    scopes: {},
    variables: {},
    agent: null,
    loginHint: null,
    ipAddress: null,
    wishes: { policy: null },
  },
  grants: [grant("one", "ada@example.com"), grant("two", "workspace 7")],
  error: null,
  createdAt: 0,
  expiresAt: 1,
  ...change,
});

describe("success", () => {
  test("every grant is told, with what the published package knows as metadata", () => {
    expect(resultMessage(session({}))).toMatchObject({
      type: "alter_connect_success",
      grants: [
        { grant_id: "one", metadata: { account_display_name: "Ada", account_email: "ada@example.com" } },
        { grant_id: "two", metadata: { account_display_name: "Ada" } },
      ],
    });
  });

  test("the return URL keeps what it had, and carries the newest grant", () => {
    const url = new URL(returnLocation(session({})) ?? "");
    expect([url.searchParams.get("x"), url.hash]).toEqual(["1", "#top"]);
    expect(url.searchParams.get("grant_id")).toBe("two");
    expect(url.searchParams.get("scopes")).toBe("a,b");
  });

  test("what an app has put into its return URL does not pass for a result", () => {
    const forged = session({}, "https://app.example.com/done?grant_id=forged&grant_id=again");
    expect(new URL(returnLocation(forged) ?? "").searchParams.getAll("grant_id")).toEqual(["two"]);
  });
});

describe("anything else", () => {
  const error = { code: "connect_code_rejected", detail: "the code was used before", providerId: "google" };
  test.each<[string, Partial<Session>, string]>([
    ["failed", { status: "failed", error }, "connect_code_rejected"],
    ["expired", { status: "expired", error }, "session_expired"],
    ["denied without a reason", { status: "denied" }, "oauth_error"],
  ])("%s", (_name, change, code) => {
    expect(resultMessage(session(change))).toMatchObject({ type: "alter_connect_error", error: code });
    const { searchParams } = new URL(returnLocation(session(change)) ?? "");
    expect(searchParams.get("alter_connect_error")).toBe("true");
    expect(searchParams.get("error_code")).toBe(code);
    expect(searchParams.get("grant_id")).toBeNull();
  });

  test("an open session has no result", () => {
    expect(resultMessage(session({ status: "pending" }))).toBeNull();
    expect(returnLocation(session({ status: "pending" }))).toBeNull();
    expect(returnLocation(session({}, null))).toBeNull();
  });
});
