import { makeProblem } from "@alter-vault/protocol";
import { beforeEach, describe, expect, test } from "vitest";
import { runTool } from "./adapter.ts";
import { resolveIds } from "./adapter-ids.ts";
import { InvalidKeyError } from "./agent-errors.ts";
import { GRANT_ID, sendProblem, sendProvider, sendVaultJson } from "./fake-vault.test-support.ts";
import { useFakeVault } from "./use-fake-vault.test-support.ts";

const fake = useFakeVault();
const about = { request_id: "r1", grant_id: GRANT_ID, provider_id: "bank" };
const says = (answer: object): void =>
  fake.server.answer((_, response) => sendVaultJson(response, 200, { ...about, ...answer }));
const url = "https://api.bank.example/pay/{to}";
const options = {
  provider: "bank",
  json: { amount: 1 },
  pathParams: { to: "x" },
  reason: "tea",
  runId: "r",
  threadId: "t",
};

beforeEach(() => says({ decision: "allowed" }));

describe("the answer", () => {
  const known = { grantId: GRANT_ID, providerId: "bank", requestId: "r1" };
  test.each([
    [{ decision: "allowed" }, {}],
    [
      { decision: "approval_required", rule_id: "big", reason: "why", approval_id: null },
      { ruleId: "big", reason: "why", approvalId: null },
    ],
    [
      { decision: "connect_required", code: "grant_revoked", reason: "why" },
      { code: "grant_revoked", reason: "why" },
    ],
    [
      { decision: "denied", code: "policy_denied", rule_id: "no", reason: "why" },
      { code: "policy_denied", ruleId: "no", reason: "why", retryable: false },
    ],
    [
      { decision: "denied", code: "approval_executing", rule_id: "no", reason: "why" },
      { code: "approval_executing", ruleId: "no", reason: "why", retryable: true },
    ],
  ])("%j", async (answer, more) => {
    says(answer);
    expect(await fake.vault.preview("POST", url, options)).toEqual({ decision: answer.decision, ...known, ...more });
  });

  test("a decision this version does not know is no yes", async () => {
    says({ decision: "maybe" });
    await expect(fake.vault.preview("GET", url, { grantId: GRANT_ID })).rejects.toMatchObject({
      message: expect.stringContaining("does not know"),
    });
  });

  test("neither is an answer of somebody else, nor a refusal", async () => {
    fake.server.answer((_, response) => sendProvider(response, 200, {}, '{"decision":"allowed"}'));
    await expect(fake.vault.preview("GET", url, { grantId: GRANT_ID })).rejects.toMatchObject({
      message: expect.stringContaining("is not the vault"),
    });
    fake.server.answer((_, response) => sendProblem(response, makeProblem("invalid_key", "the key was revoked")));
    await expect(fake.vault.preview("GET", url, { grantId: GRANT_ID })).rejects.toBeInstanceOf(InvalidKeyError);
  });
});

describe("the question", () => {
  test("is the call: the same headers and the same body", async () => {
    fake.server.answer(
      (_, response) => sendVaultJson(response, 200, { ...about, decision: "allowed" }),
      (_, response) => sendProvider(response, 200, {}, "{}"),
    );
    const view = fake.vault.with({ userToken: "fake-user-token", caller: "agent" });
    await view.preview("POST", url, options);
    await view.request("POST", url, options);
    const [asked, made] = fake.server.seen;
    expect([asked?.method, asked?.path, made?.path]).toEqual(["POST", "/v1/preview", "/v1/request"]);
    expect(asked?.body).toEqual(made?.body);
    const told = ({ headers }: { headers: object } = { headers: {} }) =>
      Object.entries(headers).filter(([name]) => name.startsWith("alter-") || name === "content-digest");
    expect(told(asked)).toEqual(told(made));
    expect(asked?.headers).toMatchObject({ "alter-user-token": "fake-user-token" });
  });

  test("takes a grant as first argument, and in retrieve mode leaves the body at home", async () => {
    await fake.vault.preview(GRANT_ID, "POST", url, { json: { a: 1 }, mode: "retrieve" });
    const [asked] = fake.server.seen;
    expect([asked?.path, asked?.body.length, asked?.envelope.grant_id]).toEqual([
      "/v1/preview?mode=retrieve",
      0,
      GRANT_ID,
    ]);
  });

  test("is not counted among the calls of its tool call", async () => {
    fake.server.answer(
      (_, response) => sendVaultJson(response, 200, { ...about, decision: "allowed" }),
      (_, response) => sendProvider(response, 200, {}, "{}"),
    );
    const ids = resolveIds({ explicit: { toolCallId: "c1", threadId: "t" } });
    await runTool(fake.vault, { framework: "test", ids }, async ({ vault }) => {
      await vault.preview("POST", url, options);
      await vault.request("POST", url, options);
    });
    expect(fake.server.seen.map(({ headers }) => headers["alter-call"])).toEqual([undefined, "0"]);
  });

  test("is not sent when it is aborted, or about a body that is a stream", async () => {
    const stopped = { ...options, signal: AbortSignal.abort(new Error("enough")) };
    await expect(fake.vault.preview("POST", url, stopped)).rejects.toThrow("enough");
    const streamed = fake.vault.preview("POST", url, { provider: "bank", body: new Blob(["x"]).stream() });
    await expect(streamed).rejects.toMatchObject({ code: "invalid_option" });
    expect(fake.server.seen).toEqual([]);
  });
});
