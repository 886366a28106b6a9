import type { AuditEntry } from "@alter-vault/protocol";
import { type AlterVault, ApprovalRequiredError, GrantNotFoundError, GrantRevokedError } from "@alter-vault/sdk";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { auditMatchers } from "./audit-matchers.ts";
import { broken, rateLimited, serverError, slow } from "./fault.ts";
import { createTestVault, type TestVault } from "./test-vault.ts";

let testVault: TestVault;
let vault: AlterVault;
beforeEach(async () => {
  testVault = await createTestVault();
  vault = testVault.sdk();
});
afterEach(() => testVault.stop());

const get = (provider = "github"): Promise<Response> =>
  vault.request("GET", `https://api.${provider}.example/x`, { provider, runId: "r1" });

test("a call goes through the vault to the fake provider, with its token", async () => {
  const github = await testVault.provider("github", { answer: ({ path }) => ({ path }) });
  await testVault.connect("github");
  expect(await (await get()).json()).toEqual({ path: "/x" });
  expect(github.calls).toMatchObject([{ method: "GET", host: "api.github.example", path: "/x", status: 200 }]);
  expect(await testVault.calls()).toMatchObject([
    { at: "2026-01-01T00:00:00.000Z", decision: "allow", outcome: "provider", status: 200, context: { run_id: "r1" } },
  ]);
});

test("the clock stands still until it is told to go on", async () => {
  await testVault.provider("github");
  await testVault.connect("github");
  testVault.clock.advance(3_600_000);
  await get();
  expect((await testVault.calls())[0]?.at).toBe("2026-01-01T01:00:00.000Z");
});

test("nobody is connected: there is a live link, and then there is somebody", async () => {
  const github = await testVault.provider("github", { hosts: ["api.github.example"] });
  const error: unknown = await get().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(GrantNotFoundError);
  const action = await vault.actionFor(error);
  expect(action).toMatchObject({ type: "connect_required", url: expect.stringContaining(testVault.url) });
  expect((await fetch(action?.url ?? "")).status).toBe(200);
  expect(github.calls).toEqual([]);
  await testVault.connect("github");
  expect((await get()).status).toBe(200);
});

test("a user who signs in has connections of their own", async () => {
  const github = await testVault.provider("github", { hosts: ["api.github.example"] });
  const [ada, eve] = [await testVault.signIn("ada"), await testVault.signIn("eve")];
  await testVault.connect("github", ada);
  const options = { provider: "github" };
  const as = (userToken: string): Promise<Response> =>
    vault.with({ userToken }).request("GET", "https://api.github.example/x", options);
  expect((await as(ada)).status).toBe(200);
  await expect(as(eve)).rejects.toBeInstanceOf(GrantNotFoundError);
  await expect(get()).rejects.toBeInstanceOf(GrantNotFoundError);
  expect(github.calls).toHaveLength(1);
  expect(github.calls[0]?.headers.authorization).not.toContain(ada);
});

describe("what goes wrong", () => {
  beforeEach(async () => {
    await testVault.provider("github");
  });

  test("faults of the provider, one after the other", async () => {
    const slack = await testVault.provider("slack");
    await testVault.connect("slack");
    slack.fail(serverError(501));
    await expect(get("slack")).rejects.toMatchObject({ statusCode: 501 });
    slack.fail(broken(), 9);
    await expect(get("slack")).rejects.toMatchObject({ code: "upstream_unreachable" });
  });

  test("a provider that asks to wait is asked no more meanwhile", async () => {
    const slack = await testVault.provider("slack");
    await testVault.connect("slack");
    slack.fail(rateLimited(60));
    await expect(get("slack")).rejects.toMatchObject({ code: "provider_error", statusCode: 429, retryable: true });
    const calls = slack.calls.length;
    await expect(get("slack")).rejects.toMatchObject({ code: "provider_rate_limited", retryable: true });
    expect(slack.calls).toHaveLength(calls);
  });

  test("a slow provider, of whom the caller has enough", async () => {
    const slack = await testVault.provider("slack");
    await testVault.connect("slack");
    slack.fail(slow());
    const calling = vault.request("GET", slack.origin, { provider: "slack", timeout: 200 });
    await expect(calling).rejects.toMatchObject({ code: "timeout" });
    await testVault.calls();
    expect(slack.calls[0]?.endedAfterMs).toBeGreaterThan(0);
    slack.fail(slow(20));
    expect((await get("slack")).status).toBe(200);
  });

  test("a token that the provider takes no more, and a new one", async () => {
    const slack = await testVault.provider("slack");
    await testVault.connect("slack");
    slack.revokeToken();
    await expect(get("slack")).rejects.toMatchObject({ statusCode: 401 });
    await testVault.rotate("slack");
    expect((await get("slack")).status).toBe(200);
  });

  test("a grant that was revoked", async () => {
    await testVault.revoke(await testVault.connect("github"));
    await expect(get()).rejects.toBeInstanceOf(GrantNotFoundError);
    const grantId = await testVault.connect("github");
    await testVault.revoke(grantId);
    await expect(vault.request("GET", "https://api.github.example", { grantId })).rejects.toBeInstanceOf(
      GrantRevokedError,
    );
  });

  test("a refusal of the vault, for one provider and one method, until it is lifted", async () => {
    await testVault.connect("github");
    const refusal = testVault.refuse("rate_limited", {
      provider: "github",
      method: "GET",
      details: { retry_after_seconds: 9 },
    });
    await expect(get()).rejects.toMatchObject({ code: "rate_limited", details: { retry_after_seconds: 9 } });
    expect((await vault.request("POST", "https://api.github.example", { provider: "github" })).status).toBe(200);
    refusal.lift();
    expect((await get()).status).toBe(200);
  });

  test("an approval that somebody must give", async () => {
    await testVault.connect("github");
    const approval = testVault.requireApproval({ provider: "github" });
    const error: unknown = await get().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ApprovalRequiredError);
    expect(await vault.actionFor(error)).toMatchObject({ type: "approval_required", approvalId: approval.id });
    approval.approve();
    expect((await get()).status).toBe(200);
  });
});

test("a program that asks before it calls is told of refusals to come, and the provider hears nothing", async () => {
  const api = await testVault.provider("notes");
  await testVault.connect("notes");
  const vault = testVault.sdk();
  const ask = async () => (await vault.preview("GET", "https://api.notes.example/x", { provider: "notes" })).decision;
  expect(await ask()).toBe("allowed");
  const approval = testVault.requireApproval({ provider: "notes" });
  expect(await ask()).toBe("approval_required");
  approval.approve();
  const refusals = ["reauth_required", "policy_denied"] as const;
  const said = [];
  for (const code of refusals) {
    const refusal = testVault.refuse(code, { provider: "notes" });
    said.push(await ask());
    refusal.lift();
  }
  expect(said).toEqual(["connect_required", "denied"]);
  expect(await ask()).toBe("allowed");
  expect(api.calls).toEqual([]);
  expect(await testVault.calls()).toEqual([]);
});

test("matchers say what the log has", () => {
  const entry = {
    action: "request",
    outcome: "provider",
    context: { run_id: "r1", tool: "t" },
  } as unknown as AuditEntry;
  expect(auditMatchers.toContainEntry([entry], { context: { run_id: "r1" } }).pass).toBe(true);
  const missing = auditMatchers.toContainEntry([entry], { context: { run_id: "r2" } });
  expect(missing.pass).toBe(false);
  expect(missing.message()).toContain('does not have one like {"context":{"run_id":"r2"}}');
  expect(auditMatchers.toHaveCalledProvider([entry], 1, { context: { tool: "t" } }).pass).toBe(true);
  expect(auditMatchers.toHaveCalledProvider([entry], 1, { context: { tool: "u" } }).pass).toBe(false);
});
