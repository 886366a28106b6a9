import {
  ApprovalDeniedError,
  ApprovalExecutionFailedError,
  ApprovalRequiredError,
  ApprovalTimeoutError,
  HttpMethod,
  PolicyViolationError,
  withContext,
  type AlterVault,
} from "@alter-vault/sdk";
import { policy, rule, type Approval, type ApprovalState, type AuditEntry } from "@alter-vault/protocol";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { rawCall } from "../harness/raw-call.ts";
import { startUpstream, type Answer, type Upstream } from "../harness/upstream.ts";
import { startTestVault, type TestVault } from "../harness/vault.ts";
import { onPostgres } from "../harness/test-storage.ts";
import { startVaultProcess, type VaultProcess } from "../harness/vault-process.ts";

/*
 * Calls that somebody must say yes to: bound to the exact call, used once, checked anew when they are made, and made by
 * the vault at most once. Each attack is refused, named, and written down, and does not reach the provider.
 */
const TOKEN = "fake-token-approvals-0123456789";
const PAYMENT = { amount: 500, to: "Ada" };

let vault: TestVault;
let upstream: Upstream;
let grantId: string;
let answer: Answer;
/** The agent's own key: not the operator's. */
let agentKey: string;
let agent: AlterVault;

beforeEach(async () => {
  answer = ({ url }, response) => response.end(`done ${url}`);
  upstream = await startUpstream((...given) => answer(...given));
  vault = await startTestVault();
  grantId = await vault.bearer(TOKEN, [upstream.origin]);
  agentKey = (await vault.operator.call("createKey", { body: { name: "agent" } })).api_key;
  agent = vault.sdk({ apiKey: agentKey });
  await publish();
});
afterEach(async () => {
  await vault.stop();
  await upstream.close();
});

const publish = (quorum = 1, allow_self_approval = false) =>
  vault.operator.call("publishPolicy", {
    body: {
      document: policy({
        rules: [
          rule("big")
            .when({ method: ["POST"], body: [{ field: "/amount", greater_than: 100 }] })
            .requireApproval({ approvers: { operator: true }, quorum, allow_self_approval, expires_in_seconds: 600 }),
        ],
      }),
    },
  });

interface Pay {
  readonly json?: object;
  readonly path?: string;
  readonly reason?: string;
  readonly header?: string;
  readonly from?: AlterVault;
}

const pay = ({ json = PAYMENT, path = "/pay", reason = "For the tea", header = "one", from = agent }: Pay = {}) =>
  from.request(HttpMethod.POST, `${upstream.origin}${path}`, {
    grantId,
    json,
    reason,
    extraHeaders: { "x-note": header },
    runId: "run-1",
  });

/** The id of the approval that a call waits for. */
async function asked(calling: Promise<unknown>): Promise<string> {
  const error = await calling.then(
    () => new Error("it went through"),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ApprovalRequiredError)) throw error;
  return error.approvalId ?? "";
}

async function refusedWith(calling: Promise<unknown>, code: string): Promise<void> {
  await expect(calling).rejects.toMatchObject({ code });
}

const decide = (id: string, decision: "approve" | "deny" = "approve", reason?: string) =>
  vault.operator.call("decideApproval", { id, body: { decision, ...(reason === undefined ? {} : { reason }) } });
const show = (id: string): Promise<Approval> => vault.operator.call("getApproval", { id });
const bodies = (): string[] => upstream.calls.map(({ body }) => body.toString());

async function until(id: string, status: ApprovalState["status"]): Promise<Approval> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const approval = await show(id);
    if (approval.status === status) return approval;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`it is ${(await show(id)).status}, not ${status}`);
}

test("a tool call that is run again gets the answer of its approved call again, and nobody is asked anew", async () => {
  const runTool = (): Promise<Response> => withContext({ threadId: "thread-1", toolCallId: "call-1" }, () => pay());
  const id = await asked(runTool());
  await decide(id);
  await until(id, "executed");
  const answers = [];
  for (let i = 0; i < 3; i++) answers.push(await (await runTool()).text());
  expect(answers).toEqual(["done /pay", "done /pay", "done /pay"]);
  expect(bodies()).toHaveLength(1);
  const { approvals } = await vault.operator.call("listApprovals", {});
  expect(approvals.map(({ approval_id: one }) => one)).toEqual([id]);
  // Another tool call is another call.
  expect(await asked(withContext({ threadId: "thread-1", toolCallId: "call-2" }, () => pay()))).not.toBe(id);
});

describe("the way of an approved call", () => {
  test("it waits, is shown, approved, made once by the vault, and answered once", async () => {
    const id = await asked(pay());
    expect(bodies()).toEqual([]);
    expect(await vault.lastEntry()).toMatchObject({
      decision: "deny",
      rule: "big",
      code: "approval_required",
      approval_id: id,
      reason: "For the tea",
    });
    expect(await asked(pay())).toBe(id);
    expect(await show(id)).toMatchObject({
      status: "pending",
      method: "POST",
      url: `${upstream.origin}/pay`,
      body: JSON.stringify(PAYMENT),
      reason: "For the tea",
      context: { run_id: "run-1" },
      requirements: [{ rule_id: "big", operator: true, quorum: 1, approved_by: [] }],
    });

    expect((await decide(id)).status).toBe("approved");
    await until(id, "executed");
    expect(bodies()).toEqual([JSON.stringify(PAYMENT)]);
    expect(upstream.calls[0]?.headers.authorization).toBe(`Bearer ${TOKEN}`);
    expect(await vault.lastEntry()).toMatchObject({
      decision: "allow",
      approval_id: id,
      outcome: "provider",
      status: 200,
    });

    const got = await pay();
    expect(await got.text()).toBe("done /pay");
    expect(bodies()).toHaveLength(1);
    expect(await asked(pay())).not.toBe(id);
  });

  test("what needs no approval goes through, and what lacks a reason is told so", async () => {
    await pay({ json: { amount: 1 } });
    expect(bodies()).toHaveLength(1);
    const silent = agent.request(HttpMethod.POST, `${upstream.origin}/pay`, { grantId, json: PAYMENT });
    await refusedWith(silent, "approval_reason_required");
    expect(bodies()).toHaveLength(1);
  });

  test("a no is a no, with its reason", async () => {
    const id = await asked(pay());
    await decide(id, "deny", "Too much tea");
    const error = await pay().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(PolicyViolationError);
    expect(error).toMatchObject({ code: "approval_denied", policyError: "the call was not approved: Too much tea" });
    await expect(decide(id)).rejects.toMatchObject({ report: { code: "approval_closed" } });
    expect(bodies()).toEqual([]);
  });

  test("it survives a restart at every step", async () => {
    const id = await asked(pay());
    await vault.restart();
    agent = vault.sdk({ apiKey: agentKey });
    expect(await asked(pay())).toBe(id);
    await decide(id);
    await until(id, "executed");
    await vault.restart();
    agent = vault.sdk({ apiKey: agentKey });
    expect(await (await pay()).text()).toBe("done /pay");
    expect(bodies()).toHaveLength(1);
  });

  test("two approvers, and nobody twice", async () => {
    await publish(2);
    const id = await asked(pay());
    expect((await decide(id)).status).toBe("pending");
    await expect(decide(id)).rejects.toMatchObject({ report: { code: "approval_closed" } });
    const { api_key } = await vault.operator.call("createKey", {
      body: { name: "second", scopes: ["approvals:write"] },
    });
    const body = JSON.stringify({ decision: "approve" });
    const second = await rawCall(vault.url, api_key, { path: `/v1/approvals/${id}/decide`, body });
    expect(second.status).toBe(200);
    await until(id, "executed");
    expect(bodies()).toHaveLength(1);
  });

  test("many approvers at once, one call", async () => {
    const id = await asked(pay());
    const keys = await Promise.all(
      Array.from({ length: 6 }, (_, at) =>
        vault.operator.call("createKey", { body: { name: `approver ${at}`, scopes: ["approvals:write"] } }),
      ),
    );
    const body = JSON.stringify({ decision: "approve" });
    const answers = await Promise.all(
      keys.map(({ api_key }) => rawCall(vault.url, api_key, { path: `/v1/approvals/${id}/decide`, body })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const late = answers.filter(({ status }) => status !== 200);
    expect(late.map(({ problem }) => problem?.code)).toEqual(Array(5).fill("approval_closed"));
    await until(id, "executed");
    expect(bodies()).toHaveLength(1);
    const entries = await vault.entries();
    for (const { problem } of late)
      expect(entries.find(({ entry_id }) => entry_id === problem?.request_id)).toMatchObject({
        action: "decideApproval",
        approval_id: id,
        outcome_code: "approval_closed",
      });
  });

  test("a yes and a no at once: one of them counts, and the call is made by that alone", async () => {
    for (let round = 0; round < 5; round++) {
      const id = await asked(pay({ path: `/race-${round}` }));
      const keys = await Promise.all(
        ["yes", "no"].map((name) =>
          vault.operator.call("createKey", { body: { name: `${name} ${round}`, scopes: ["approvals:write"] } }),
        ),
      );
      const [yes, no] = await Promise.all(
        (["approve", "deny"] as const).map((decision, at) =>
          rawCall(vault.url, keys[at]?.api_key ?? "", {
            path: `/v1/approvals/${id}/decide`,
            body: JSON.stringify({ decision }),
          }),
        ),
      );
      expect(new Set([yes?.status, no?.status])).toEqual(new Set([200, 409]));
      const { problem } = (yes?.status === 200 ? no : yes) ?? {};
      expect(problem?.code).toBe("approval_closed");
      expect((await vault.entries()).find(({ entry_id }) => entry_id === problem?.request_id)).toMatchObject({
        action: "decideApproval",
        approval_id: id,
        outcome_code: "approval_closed",
      });
      await until(id, yes?.status === 200 ? "executed" : "denied");
      expect(upstream.calls.filter(({ url }) => url === `/race-${round}`)).toHaveLength(yes?.status === 200 ? 1 : 0);
    }
  });
});

describe("waiting for it", () => {
  const wait = { pollIntervalMs: 100, timeoutMs: 5_000 };

  test("gives the provider's answer, once", async () => {
    const error = await pay().catch((thrown: unknown) => thrown as ApprovalRequiredError);
    expect(error).toBeInstanceOf(ApprovalRequiredError);
    const id = (error as ApprovalRequiredError).approvalId ?? "";
    expect(await agent.getApprovalStatus(id)).toMatchObject({ approvalId: id, status: "pending", hasResult: false });
    const waiting = agent.awaitApproval(error as ApprovalRequiredError, wait);
    await decide(id);
    const result = await waiting;
    expect(result).toMatchObject({ approvalId: id, statusCode: 200, bodyTruncated: false });
    expect(result.bodyText()).toBe("done /pay");
    expect(await agent.getApprovalStatus(id)).toMatchObject({ status: "executed", hasResult: false });
    await expect(agent.awaitApproval(id, wait)).rejects.toBeInstanceOf(ApprovalExecutionFailedError);
    expect(bodies()).toHaveLength(1);
  });

  test("ends when somebody says no, and when the program has waited enough", async () => {
    const id = await asked(pay());
    await expect(agent.awaitApproval(id, { pollIntervalMs: 100, timeoutMs: 150 })).rejects.toBeInstanceOf(
      ApprovalTimeoutError,
    );
    await decide(id, "deny", "No");
    await expect(agent.awaitApproval(id, wait)).rejects.toThrow(ApprovalDeniedError);
  });
});

describe("the page", () => {
  const page = (url: string, init: RequestInit = {}) => fetch(url, { redirect: "manual", ...init });
  const sendForm = (url: string, decision: string, headers: Record<string, string> = {}) => {
    const token = new URL(url).searchParams.get("token") ?? "";
    const body = new URLSearchParams({ token, decision, reason: "As agreed" });
    return page(`${vault.url}/approvals`, {
      method: "POST",
      body,
      headers: { "sec-fetch-site": "same-origin", ...headers },
    });
  };
  const linkFor = async (id: string, body: { user_id?: string } = {}) =>
    (await vault.operator.call("createApprovalLink", { id, body })).url;

  test("shows the whole call, and lets only whoever was named decide", async () => {
    const error = await pay({ reason: "For <b>tea</b>" }).catch((thrown: unknown) => thrown as ApprovalRequiredError);
    const { approvalId: id = "", approvalUrl = "" } = error as ApprovalRequiredError;
    const shown = await (await page(approvalUrl)).text();
    for (const part of [
      "POST",
      `${upstream.origin}/pay`,
      "&#34;amount&#34;:500",
      "For &#60;b&#62;tea",
      "run-1",
      "x-note",
    ])
      expect(shown).toContain(part);
    expect(shown).not.toContain("<form");
    expect(await (await sendForm(approvalUrl, "approve")).text()).toContain("approval_not_allowed");
    expect((await show(id)).status).toBe("pending");

    const link = await linkFor(id);
    expect(await (await page(link)).text()).toContain("<form");
    const foreign = await sendForm(link, "approve", { "sec-fetch-site": "cross-site" });
    expect(await foreign.text()).toContain("origin_not_allowed");
    expect((await sendForm(link, "approve")).status).toBe(303);
    await until(id, "executed");
    expect(bodies()).toEqual([JSON.stringify(PAYMENT)]);
    expect(await (await page(link)).text()).toContain("Approved, and done");
    expect(await (await sendForm(link, "approve")).text()).toContain("approval_closed");
    expect(
      (await vault.entries()).find(({ action, decision }) => action === "decideApproval" && decision === "allow"),
    ).toMatchObject({ approval_id: id, reason: "As agreed" });
  });

  test("a link that is none leads nowhere", async () => {
    expect((await page(`${vault.url}/approvals?token=x`)).status).toBe(404);
    expect((await page(`${vault.url}/approvals`)).status).toBe(404);
  });

  test("a link of whoever asked does not decide about their own call", async () => {
    const id = await asked(pay({ from: vault.sdk() }));
    expect(await (await sendForm(await linkFor(id), "approve")).text()).toContain("approval_not_allowed");
    expect((await show(id)).status).toBe("pending");
  });
});

interface AuditPage {
  readonly entries: readonly AuditEntry[];
}

/** Still waiting, not sent, and the attempt is in the log. */
async function expectUndecided(id: string, code: string): Promise<void> {
  expect((await show(id)).status).toBe("pending");
  expect(bodies()).toEqual([]);
  const refusal = (await vault.entries()).find(({ action }) => action === "decideApproval");
  expect(refusal).toMatchObject({ decision: "deny", code });
}

describe("attacks", () => {
  test.each<[string, Pay]>([
    ["another body", { json: { amount: 5_000, to: "Ada" } }],
    ["a body that means the same in other bytes", { json: { to: "Ada", amount: 500 } }],
    ["another header", { header: "two" }],
    ["another path", { path: "/pay/more" }],
    ["another query", { path: "/pay?to=Eve" }],
  ])("an approval is for that very call: %s", async (_name, other) => {
    const id = await asked(pay());
    await decide(id);
    await until(id, "executed");
    const another = await asked(pay(other));
    expect(another).not.toBe(id);
    expect(bodies()).toEqual([JSON.stringify(PAYMENT)]);
    expect(await vault.lastEntry()).toMatchObject({
      decision: "deny",
      rule: "big",
      code: "approval_required",
      approval_id: another,
      outcome: "none",
    });
    expect(await (await pay()).text()).toBe("done /pay");
    expect(bodies()).toHaveLength(1);
  });

  test("an approval that was used is used: neither the call, nor the yes, nor the answer comes again", async () => {
    const id = await asked(pay());
    await decide(id);
    await until(id, "executed");
    await (await pay()).text();
    const { api_key: approver } = await vault.operator.call("createKey", {
      body: { name: "again", scopes: ["approvals:write"] },
    });
    for (const [key, path, body] of [
      [approver, "decide", { decision: "approve" }],
      [agentKey, "result", undefined],
    ] as const) {
      const again = await rawCall(vault.url, key, {
        path: `/v1/approvals/${id}/${path}`,
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      expect(again.problem).toMatchObject({ code: "approval_closed", status: 409 });
      const entry = (await vault.entries()).find(({ entry_id }) => entry_id === again.problem?.request_id);
      expect(entry).toMatchObject({ approval_id: id, outcome: "vault_error", outcome_code: "approval_closed" });
    }
    expect(await asked(pay())).not.toBe(id);
    expect(bodies()).toHaveLength(1);
  });

  test("the answer of another caller is not to be had", async () => {
    const id = await asked(pay());
    await decide(id);
    await until(id, "executed");
    const { api_key } = await vault.operator.call("createKey", { body: { name: "another" } });
    expect(await asked(pay({ from: vault.sdk({ apiKey: api_key }) }))).not.toBe(id);
    for (const [path, method] of [
      [`/v1/approvals/${id}/status`, "GET"],
      [`/v1/approvals/${id}/result`, "POST"],
    ] as const) {
      expect((await rawCall(vault.url, api_key, { method, path })).status, path).toBe(404);
    }
    expect((await rawCall(vault.url, agentKey, { path: `/v1/approvals/${id}/result` })).status).toBe(200);
    expect((await rawCall(vault.url, agentKey, { path: `/v1/approvals/${id}/result` })).status).toBe(409);
  });

  test("nobody approves a call of their own", async () => {
    const own = vault.sdk();
    const id = await asked(pay({ from: own }));
    await expect(decide(id)).rejects.toMatchObject({ report: { code: "approval_not_allowed" } });
    await expectUndecided(id, "approval_not_allowed");
    await publish(1, true);
    const other = await asked(pay({ from: own, path: "/pay/2" }));
    await decide(other);
    await until(other, "executed");
  });

  test("whoever may make calls may not approve them", async () => {
    const id = await asked(pay());
    const body = JSON.stringify({ decision: "approve" });
    const forged = await rawCall(vault.url, agentKey, { path: `/v1/approvals/${id}/decide`, body });
    expect(JSON.parse(forged.body.toString())).toMatchObject({ code: "insufficient_scope" });
    await expectUndecided(id, "insufficient_scope");
  });

  test("an approver of another app finds nothing", async () => {
    const id = await asked(pay());
    const { app_id } = await vault.operator.call("createApp", { body: { name: "other" } });
    const other = await rawCall(vault.url, vault.apiKey, {
      path: `/v1/approvals/${id}/decide`,
      body: JSON.stringify({ decision: "approve" }),
      alter: { "alter-app": app_id },
    });
    expect(other.problem).toMatchObject({ code: "approval_not_found", status: 404 });
    expect((await show(id)).status).toBe("pending");
    expect(bodies()).toEqual([]);
    const look = { method: "GET", path: "/v1/audit?limit=10", alter: { "alter-app": app_id } };
    const log = JSON.parse((await rawCall(vault.url, vault.apiKey, look)).body.toString()) as AuditPage;
    expect(log.entries.find(({ entry_id }) => entry_id === other.problem?.request_id)).toMatchObject({
      action: "decideApproval",
      decision: "deny",
      code: "approval_not_found",
    });
  });

  test("a grant that was revoked meanwhile opens nothing", async () => {
    const id = await asked(pay());
    await vault.operator.call("revokeGrant", { id: grantId, body: {} });
    await decide(id);
    expect((await until(id, "failed")).problem).toBe("the grant was revoked");
    expect(bodies()).toEqual([]);
    expect(await vault.lastEntry()).toMatchObject({ decision: "deny", code: "grant_revoked", approval_id: id });
  });

  test("what was approved for one account is not done with another that took its place", async () => {
    const calling = agent.request(HttpMethod.POST, `${upstream.origin}/pay`, {
      provider: "demo",
      json: PAYMENT,
      reason: "For the tea",
    });
    const id = await asked(calling);
    await vault.operator.call("revokeGrant", { id: grantId, body: {} });
    const other = await vault.bearer("fake-token-of-another-account-0123", [upstream.origin]);
    await decide(id);
    expect((await until(id, "failed")).problem).toBe("the call is not the one that was approved");
    expect(bodies()).toEqual([]);
    expect(await vault.lastEntry()).toMatchObject({
      decision: "deny",
      code: "policy_denied",
      approval_id: id,
      grant_id: other,
    });
  });

  test("a key that was revoked meanwhile makes no calls", async () => {
    const id = await asked(pay());
    const { keys } = await vault.operator.call("listKeys");
    await vault.operator.call("revokeKey", { id: keys.find(({ name }) => name === "agent")?.key_id ?? "" });
    await decide(id);
    expect((await until(id, "failed")).problem).toMatch(/the key of whoever asked was revoked/);
    expect(bodies()).toEqual([]);
    expect(await vault.lastEntry()).toMatchObject({ decision: "deny", code: "invalid_key", approval_id: id });
  });

  test("an agent that was paused meanwhile makes no calls", async () => {
    const bot = await vault.operator.call("createAgent", { body: { name: "bot" } });
    const { secret_id } = await vault.operator.call("createSecret", {
      body: {
        name: "of the bot",
        provider: "demo",
        injection: { kind: "bearer" },
        value: { kind: "bearer", token: "fake-token-of-the-bot-0123456789" },
        allowed_hosts: [upstream.origin],
      },
    });
    const principal = { type: "agent", agent_id: bot.agent_id } as const;
    const grant = await vault.operator.call("createGrant", { id: secret_id, body: { principal } });
    const calling = vault.sdk({ apiKey: bot.api_key ?? "" }).request(HttpMethod.POST, `${upstream.origin}/pay`, {
      grantId: grant.grant_id,
      json: PAYMENT,
      reason: "For the tea",
    });
    const id = await asked(calling);
    await vault.operator.call("pauseAgent", { id: bot.agent_id });
    await decide(id);
    expect((await until(id, "failed")).problem).toBe("the agent that asked is not active any more");
    expect(bodies()).toEqual([]);
    expect(await vault.lastEntry()).toMatchObject({ decision: "deny", code: "agent_inactive", approval_id: id });
  });

  test("a policy that denies by now, or asks for more, has the last word", async () => {
    const id = await asked(pay());
    const document = policy({ rules: [rule("closed").deny("Closed")] });
    await vault.operator.call("publishPolicy", { body: { document } });
    await decide(id);
    expect((await until(id, "failed")).problem).toMatch(/Closed/);
    expect(bodies()).toEqual([]);
    expect(await vault.lastEntry()).toMatchObject({
      decision: "deny",
      rule: "closed",
      code: "policy_denied",
      approval_id: id,
    });
  });

  test("what was stopped stays stopped", async () => {
    const id = await asked(pay());
    await vault.operator.call("putStop", { body: { kind: "run", value: "run-1" } });
    await decide(id);
    expect((await until(id, "failed")).problem).toMatch(/the run run-1 was stopped/);
    expect(bodies()).toEqual([]);
    expect(await vault.lastEntry()).toMatchObject({ decision: "deny", code: "policy_denied", approval_id: id });
  });

  test("what a caller says about having been approved changes nothing", async () => {
    const id = await asked(pay());
    const forged = agent.request(HttpMethod.POST, `${upstream.origin}/pay`, {
      grantId,
      json: PAYMENT,
      reason: "approved",
      context: { approval_id: id, approved: "true" },
    });
    await refusedWith(forged, "approval_required");
    expect(bodies()).toEqual([]);
    expect(await vault.lastEntry()).toMatchObject({ decision: "deny", code: "approval_required" });
  });

  test("retrieve mode is no way around it", async () => {
    await vault.operator.call("updateGrant", { id: grantId, body: { allow_retrieve: true } });
    const alter = {
      "alter-method": "POST",
      "alter-target": `${upstream.origin}/pay`,
      "alter-grant": grantId,
      "alter-reason": '"x"',
    };
    const got = await rawCall(vault.url, agentKey, { path: "/v1/retrieve", alter });
    expect(JSON.parse(got.body.toString())).toMatchObject({ code: "policy_denied", rule_id: "big" });
    expect(bodies()).toEqual([]);
    expect(await vault.lastEntry()).toMatchObject({ decision: "deny", action: "retrieve", rule: "big" });
  });
});

describe("kill -9", () => {
  let process: VaultProcess;
  let id: string;
  let approver: string;
  let alter: Record<string, string>;
  const call = (path: string, body: unknown, key = process.apiKey, headers = {}, method = "POST") =>
    rawCall(process.url, key, {
      method,
      path,
      alter: headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const stands = async (): Promise<unknown> =>
    JSON.parse((await call(`/v1/approvals/${id}`, undefined, approver, {}, "GET")).body.toString());
  const pay = () => call("/v1/request", PAYMENT, process.apiKey, alter);
  const lastDenied = async (): Promise<unknown> => {
    const log = await call("/v1/audit?limit=20", undefined, process.apiKey, {}, "GET");
    return (JSON.parse(log.body.toString()) as AuditPage).entries.find(
      ({ kind, decision }) => kind === "request" && decision === "deny",
    );
  };
  /** The call is told that it failed, and that is in the log. */
  const expectFailed = async (): Promise<void> => {
    const { problem } = await pay();
    expect(problem?.code).toBe("approval_failed");
    expect(await lastDenied()).toMatchObject({
      entry_id: problem?.request_id,
      code: "approval_failed",
      approval_id: id,
      outcome: "none",
    });
  };

  beforeEach(async () => {
    process = await startVaultProcess();
    const grant = await process.bearer(TOKEN, upstream.origin);
    const made = await call("/v1/keys", { name: "approver", scopes: ["approvals:write", "approvals:read"] });
    approver = (JSON.parse(made.body.toString()) as { api_key: string }).api_key;
    const effect = { type: "require_approval", approvers: { operator: true } };
    const rules = [{ id: "all", name: "All", scope: { app: true }, effect }];
    await call("/v1/policy/publish", { document: { rules } });
    alter = {
      "alter-method": "POST",
      "alter-target": `${upstream.origin}/pay`,
      "alter-grant": grant,
      "alter-reason": '"For the tea"',
    };
    id = (await pay()).problem?.approval_id ?? "";
  });
  afterEach(() => process.stop());

  /** The state in which a kill leaves an approval when its last vote is on the disk, and nothing else. */
  async function killAfterTheVote(more = ""): Promise<void> {
    await process.kill();
    await process.write(`UPDATE approvals SET status = 'approved', decided_at = ? ${more} WHERE id = ?`, "1", id);
    await process.start();
  }

  test("between yes and call: it is made once, when the vault runs again", async () => {
    await killAfterTheVote();
    for (let look = 0; upstream.calls.length === 0 && look < 200; look++) await sleep(20);
    await process.kill();
    await process.start();
    await sleep(200);
    expect(bodies()).toEqual([JSON.stringify(PAYMENT)]);
  });

  test("between yes and call, until its time is over: it is not made, and that is written down", async () => {
    await killAfterTheVote(", expires_at = 1000");
    for (let look = 0; look < 100; look++) {
      if (((await stands()) as ApprovalState).status === "failed") break;
      await sleep(20);
    }
    const problem = "it was approved, and its time was over before it could be made";
    expect(await stands()).toMatchObject({ status: "failed", problem });
    expect(await lastDenied()).toMatchObject({ code: "approval_closed", approval_id: id, outcome: "none" });
    expect(bodies()).toEqual([]);
    await expectFailed();
    const { problem: anew } = await pay();
    expect(anew).toMatchObject({ code: "approval_required", approval_id: expect.any(String) });
    expect(anew?.approval_id).not.toBe(id);
    expect(bodies()).toEqual([]);
  });

  test("while it is being made: it is not made again", async () => {
    let arrived: () => void = () => undefined;
    const hanging = new Promise<void>((resolve) => (arrived = resolve));
    answer = () => arrived();
    const decided = await call(`/v1/approvals/${id}/decide`, { decision: "approve" }, approver);
    expect(decided.status).toBe(200);
    await hanging;
    await process.kill();
    // Among several replicas, one that nothing was heard of for a minute is gone.
    if (onPostgres) await process.write("UPDATE chains SET seen_at = seen_at - interval '61 seconds'");
    await process.start();
    expect(await stands()).toMatchObject({ status: "failed", problem: expect.stringMatching(/nobody knows/) });
    await expectFailed();
    await sleep(200);
    expect(upstream.calls).toHaveLength(1);
  });
});
