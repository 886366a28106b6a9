import { policy, rule, type PolicyDocument, type Preview } from "@alter-vault/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { expectWritten } from "../harness/expect-written.ts";
import { identityWorld } from "../harness/identity-world.ts";
import { getThrough, rawCall, sendMessage, signedMessage, type RawCall } from "../harness/raw-call.ts";
import { startUpstream, type Upstream } from "../harness/upstream.ts";
import { startTestVault, type TestVault } from "../harness/vault.ts";

/* Asking whether a call would be allowed says what making it says, does nothing of what making it does, and is no oracle. */
const TOKEN = "fake-token-preview-0123456789";

let vault: TestVault;
let upstream: Upstream;
let grantId: string;
beforeEach(async () => {
  upstream = await startUpstream();
  vault = await startTestVault();
  grantId = await vault.bearer(TOKEN, [upstream.origin], "bank");
});
afterEach(async () => {
  await vault.stop();
  await upstream.close();
});

const publish = (document: PolicyDocument) => vault.operator.call("publishPolicy", { body: { document } });
const payments = rule("payments")
  .when({ method: ["POST"], body: [{ field: "/amount", greater_than: 100 }] })
  .requireApproval({ approvers: { operator: true }, quorum: 1, expires_in_seconds: 600 });
const url = (path = "/pay"): string => `${upstream.origin}${path}`;
const pay = (amount: number) => ({ provider: "bank", json: { amount }, reason: "For the tea" });
const previews = async (): Promise<number> =>
  (await vault.entries()).filter(({ action }) => action === "preview").length;

async function expectWrittenDown(code: string, ruleId: string): Promise<void> {
  const entry = await vault.lastEntry();
  expect(entry).toMatchObject({
    action: "preview",
    kind: "request",
    decision: "deny",
    code,
    rule: ruleId,
    outcome: "none",
  });
  expect(upstream.calls).toEqual([]);
}

describe("what it says", () => {
  test("allowed: nothing is sent, and like other reading it leaves no entry", async () => {
    const preview = await vault.sdk().preview("POST", url(), pay(1));
    expect(preview).toEqual({ decision: "allowed", grantId, providerId: "bank", requestId: expect.any(String) });
    expect(upstream.calls).toEqual([]);
    expect(await previews()).toBe(0);
  });

  test("approval_required: nobody is asked, and there is no link", async () => {
    await publish(policy({ rules: [payments] }));
    const preview = await vault.sdk().preview("POST", url(), pay(500));
    expect(preview).toEqual({
      decision: "approval_required",
      ruleId: "payments",
      reason: "somebody must approve the call first",
      approvalId: null,
      grantId,
      providerId: "bank",
      requestId: expect.any(String),
    });
    expect((await vault.operator.call("listApprovals", {})).approvals).toEqual([]);
    await expectWrittenDown("approval_required", "payments");
    expect(await vault.sdk().preview("POST", url(), { ...pay(500), reason: undefined })).toMatchObject({
      decision: "denied",
      code: "approval_reason_required",
    });
    await expectWrittenDown("approval_reason_required", "payments");
  });

  test("of the very same call that waits, was approved, or was not: how that stands", async () => {
    await publish(policy({ rules: [payments] }));
    const { api_key: apiKey } = await vault.operator.call("createKey", {
      body: { name: "agent", scopes: ["proxy:execute"] },
    });
    const sdk = vault.sdk({ apiKey });
    for (const decision of ["approve", "deny"] as const) {
      const asked = pay(decision === "approve" ? 500 : 600);
      await expect(sdk.request("POST", url(), asked)).rejects.toMatchObject({ code: "approval_required" });
      const [approval] = (await vault.operator.call("listApprovals", { query: { status: "pending" } })).approvals;
      const id = approval?.approval_id ?? "";
      const waiting = await sdk.preview("POST", url(), asked);
      expect(waiting).toMatchObject({ decision: "approval_required", approvalId: id });
      expect(JSON.stringify(waiting)).not.toContain("http");
      await vault.operator.call("decideApproval", { id, body: { decision } });
      if (decision === "deny") {
        expect(await sdk.preview("POST", url(), asked)).toMatchObject({ decision: "denied", code: "approval_denied" });
        expect(await vault.lastEntry()).toMatchObject({ action: "preview", decision: "deny", code: "approval_denied" });
        continue;
      }
      const state = async () => (await vault.operator.call("getApproval", { id })).status;
      await expect.poll(state, { timeout: 5000 }).toBe("executed");
      expect(await sdk.preview("POST", url(), asked)).toMatchObject({ decision: "allowed" });
      // The answer is still there to be taken.
      expect(await state()).toBe("executed");
      expect((await sdk.request("POST", url(), asked)).status).toBe(200);
    }
    expect(upstream.calls).toHaveLength(1);
  });

  test("denied: by a rule, by a stop, by what the credential is for", async () => {
    const sdk = vault.sdk();
    await publish(
      policy({
        rules: [
          rule("small")
            .when({ method: ["POST"] })
            .deny("Too much"),
        ],
      }),
    );
    expect(await sdk.preview("POST", url(), pay(1))).toMatchObject({
      decision: "denied",
      code: "policy_denied",
      ruleId: "small",
      reason: "small: Too much",
      retryable: false,
    });
    await expectWrittenDown("policy_denied", "small");
    expect(await sdk.preview("GET", "https://other.example/", { provider: "bank" })).toMatchObject({
      decision: "denied",
      code: "target_host_not_allowed",
    });
    await expectWrittenDown("target_host_not_allowed", "base.host");
    await vault.operator.call("putStop", { body: { kind: "provider", value: "bank" } });
    expect(await sdk.preview("GET", url(), { grantId })).toMatchObject({ decision: "denied", ruleId: "stop.provider" });
    await expectWrittenDown("policy_denied", "stop.provider");
  });

  test("connect_required: nothing is connected, or not any more; no session is made for it", async () => {
    const sdk = vault.sdk();
    expect(await sdk.preview("GET", url(), { provider: "nobody" })).toMatchObject({
      decision: "connect_required",
      code: "grant_not_found",
      grantId: null,
      providerId: "nobody",
    });
    await expectWrittenDown("grant_not_found", "base.grant_exists");
    await vault.operator.call("revokeGrant", { id: grantId, body: {} });
    expect(await sdk.preview(grantId, "GET", url())).toMatchObject({
      decision: "connect_required",
      code: "grant_revoked",
    });
    await expectWrittenDown("grant_revoked", "base.grant_live");
    expect(await vault.query("SELECT * FROM connect_sessions")).toEqual([]);
  });

  test("in retrieve mode it is asked about that", async () => {
    const sdk = vault.sdk({ mode: "retrieve" });
    expect(await sdk.preview("GET", url(), { grantId })).toMatchObject({
      decision: "denied",
      code: "retrieve_not_allowed",
    });
    await expectWrittenDown("retrieve_not_allowed", "base.retrieve");
    await vault.operator.call("updateGrant", { id: grantId, body: { allow_retrieve: true } });
    expect(await sdk.preview("GET", url(), { grantId })).toMatchObject({ decision: "allowed" });
    expect(upstream.calls).toEqual([]);
    const odd = await rawCall(vault.url, vault.apiKey, {
      path: "/v1/preview?mode=other",
      alter: getThrough(grantId, url()),
    });
    expect([odd.status, odd.problem?.code]).toEqual([400, "invalid_request"]);
  });
});

test("it says what making the call then says", async () => {
  const deny = rule("no-deletes")
    .when({ method: ["DELETE"] })
    .deny("No");
  await publish(policy({ rules: [payments, deny] }));
  const sdk = vault.sdk();
  const calls = [
    ["POST", url(), pay(1)],
    ["POST", url(), pay(101)],
    [
      "POST",
      url(),
      { provider: "bank", body: "{not json", reason: "r", extraHeaders: { "content-type": "application/json" } },
    ],
    ["DELETE", url(), { grantId }],
    ["GET", url(), { provider: "nobody" }],
    ["GET", `${upstream.origin}/a/{b}`, { grantId, pathParams: { b: ".." } }],
    ["GET", "http://169.254.169.254/", { grantId }],
  ] as const;
  for (const [method, target, options] of calls) {
    const preview = await sdk.preview(method, target, options);
    const made = await sdk.request(method, target, options).then(
      () => ({ code: "allowed" }),
      (error: { code: string }) => error,
    );
    const said =
      preview.decision === "denied" || preview.decision === "connect_required" ? preview.code : preview.decision;
    expect(said, `${method} ${target}`).toBe(made.code);
    if (said === "allowed") continue;
    const [second, first] = (await vault.entries(20)).filter(({ kind }) => kind !== "admin");
    expect([first, second]).toMatchObject([
      { action: "preview", decision: "deny", code: said },
      { action: "request", decision: "deny", code: said, outcome: "none" },
    ]);
  }
  expect(upstream.calls).toHaveLength(1);
});

describe("what it leaves alone", () => {
  test("rate limits and budgets count calls, not questions", async () => {
    await publish(policy({ rules: [rule("two").rateLimit({ calls: 2, window_seconds: 600, per: "grant" })] }));
    const sdk = vault.sdk();
    for (let i = 0; i < 5; i++) expect((await sdk.preview("GET", url(), { grantId })).decision).toBe("allowed");
    await sdk.request("GET", url(), { grantId });
    await sdk.request("GET", url(), { grantId });
    await expect(sdk.request("GET", url(), { grantId })).rejects.toMatchObject({ code: "rate_limited" });
    expect(await vault.lastEntry()).toMatchObject({ decision: "deny", rule: "two", code: "rate_limited" });
    expect(upstream.calls).toHaveLength(2);
  });

  test("a body that is a stream is not asked about, and not read", async () => {
    const body = new Blob(["x"]).stream();
    await expect(vault.sdk().preview("POST", url(), { grantId, body })).rejects.toMatchObject({
      code: "invalid_option",
    });
    expect(await new Response(body).text()).toBe("x");
  });
});

describe("who may ask", () => {
  const ask = (apiKey: string, call: RawCall) => rawCall(vault.url, apiKey, { path: "/v1/preview", ...call });

  test("whoever may make the call, and nobody else", async () => {
    const create = async (scopes: readonly ("proxy:execute" | "policy:read")[]) =>
      (await vault.operator.call("createKey", { body: { name: "k", scopes: [...scopes] } })).api_key;
    const alter = getThrough(grantId, url());
    expect((await ask(await create(["proxy:execute"]), { alter })).status).toBe(200);
    const reader = await ask(await create(["policy:read"]), { alter });
    expect(JSON.parse(reader.body.toString())).toMatchObject({ decision: "denied", code: "insufficient_scope" });
    expect(await vault.lastEntry()).toMatchObject({ action: "preview", decision: "deny", code: "insufficient_scope" });
    const unsigned = await fetch(`${vault.url}/v1/preview`, { method: "POST", headers: alter });
    expect([unsigned.status, ((await unsigned.json()) as { code: string }).code]).toEqual([401, "signature_missing"]);
    expect(upstream.calls).toEqual([]);
  });

  test("a question is used once, and what was signed for one endpoint is worth nothing at the other", async () => {
    const message = signedMessage(vault.url, vault.apiKey, { path: "/v1/preview", alter: getThrough(grantId, url()) });
    expect((await sendMessage(vault.url, message)).status).toBe(200);
    const again = await sendMessage(vault.url, message);
    expect(again.problem?.code).toBe("request_replayed");
    await expectWritten(vault.operator, again.problem, { rule: "identity.replay" });
    const moved = signedMessage(vault.url, vault.apiKey, { path: "/v1/preview", alter: getThrough(grantId, url()) });
    const elsewhere = await sendMessage(vault.url, { ...moved, path: "/v1/request" });
    expect(elsewhere.problem?.code).toBe("signature_invalid");
    await expectWritten(vault.operator, elsewhere.problem);
    expect(upstream.calls).toEqual([]);
  });

  test("others do not exist: another app's grant, another user's, what an agent was not given", async () => {
    const world = await identityWorld(upstream.origin);
    const { app_id: app } = await world.vault.operator.call("createApp", { body: { name: "third" } });
    const preview = async (apiKey: string, alter: Record<string, string>) => {
      const answer = await rawCall(world.vault.url, apiKey, { path: "/v1/preview", alter });
      return JSON.parse(answer.body.toString()) as Preview & { detail?: string };
    };
    const get = (id: string, token?: string) => ({
      "alter-method": "GET",
      "alter-target": upstream.origin,
      "alter-grant": id,
      ...(token === undefined ? {} : { "alter-user-token": token }),
    });
    const never = "01890000-0000-7000-8000-00000000abcd";
    const bob = await world.issuer.sign({ sub: "bob", groups: [] });
    const known = { request_id: "", grant_id: "" };
    const nothing = { ...(await preview(world.vault.apiKey, get(never, bob))), ...known };
    expect(nothing).toMatchObject({ decision: "denied", code: "grant_not_found" });
    expect({ ...(await preview(world.vault.apiKey, get(world.grants.ada, bob))), ...known }).toEqual(nothing);
    const ofAgent = { ...(await preview(world.agent.key, get(never))), ...known };
    expect(ofAgent).toMatchObject({ decision: "denied", code: "no_delegated_grant" });
    expect({ ...(await preview(world.agent.key, get(world.grants.ada))), ...known }).toEqual(ofAgent);
    // It is the key's own app that is asked about, whatever else is said.
    const other = await preview(world.vault.apiKey, { ...get(world.grants.app), "alter-app": app });
    const own = await preview(world.vault.apiKey, get(world.grants.app));
    expect(other.decision).toBe(own.decision);
    const ada = await world.issuer.sign();
    expect((await preview(world.vault.apiKey, get(world.grants.ada, ada))).decision).toBe("allowed");
    const bobs = (await world.vault.entries()).filter(({ action, user_id: id }) => action === "preview" && id !== null);
    expect(bobs).toMatchObject(Array(2).fill({ decision: "deny", code: "grant_not_found" }));
    const ofAgents = (await world.vault.entries()).filter(({ code }) => code === "no_delegated_grant");
    expect(ofAgents).toMatchObject(Array(2).fill({ action: "preview", decision: "deny", agent_id: world.agent.id }));
    expect(upstream.calls).toEqual([]);
    await world.stop();
  });
});
