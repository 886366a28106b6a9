import type { Grant } from "@alter-vault/protocol";
import { makeProblem } from "@alter-vault/protocol";
import { expect, test } from "vitest";
import type { ActionRequired } from "./adapter-action.ts";
import { sendSession } from "./fake-connect.test-support.ts";
import { AT, FAKE_GRANT, FAKE_OAUTH_GRANT } from "./fake-grant.test-support.ts";
import { GRANT_ID, sendProblem, sendVaultJson, type Handler } from "./fake-vault.test-support.ts";
import { useFakeVault } from "./use-fake-vault.test-support.ts";

const fake = useFakeVault();
const soon = { pollInterval: 10, timeout: 2000 };
const action = (over: Partial<ActionRequired> = {}): ActionRequired => ({
  type: "connect_required",
  url: null,
  message: "",
  providerId: "github",
  grantId: null,
  missingScopes: [],
  approvalId: null,
  expiresAt: null,
  ...over,
});
const grants =
  (...list: Grant[]): Handler =>
  (_, response) =>
    sendVaultJson(response, 200, {
      grants: list,
      total: list.length,
      total_capped: false,
      limit: 100,
      offset: 0,
      has_more: false,
      next_cursor: null,
    });
const grant =
  (over: Partial<Grant>): Handler =>
  (_, response) =>
    sendVaultJson(response, 200, { ...FAKE_OAUTH_GRANT, ...over });

test("until an account of the provider is there", async () => {
  const away: Handler = (_, response) => sendProblem(response, makeProblem("storage_unavailable", "a moment"));
  fake.server.answer(grants(), sendSession, away, grants(FAKE_GRANT));
  expect(await fake.vault.waitFor(action(), soon)).toBe(true);
});

test("until the very grant works again, with the scopes", async () => {
  fake.server.answer(
    grant({ status: "revoked" }),
    grant({ credential_status: "reauth_required" }),
    grant({ credential_status: "ok", missing_scopes: ["write"] }),
    grant({ credential_status: "ok", missing_scopes: [] }),
  );
  const wanted = action({ type: "scope_required", grantId: GRANT_ID, missingScopes: ["write"] });
  expect(await fake.vault.waitFor(wanted, soon)).toBe(true);
  expect(fake.server.seen).toHaveLength(4);
});

test("until somebody has decided, either way", async () => {
  const state =
    (status: string, hasResult: boolean): Handler =>
    (_, response) =>
      sendVaultJson(response, 200, {
        approval_id: GRANT_ID,
        status,
        expires_at: AT,
        decided_at: null,
        decision_reason: null,
        executed_at: null,
        has_result: hasResult,
        problem: null,
      });
  fake.server.answer(state("pending", false), state("executing", false), state("executed", true));
  const wanted = action({ type: "approval_required", approvalId: GRANT_ID });
  expect(await fake.vault.waitFor(wanted, soon)).toBe(true);
  expect(fake.server.seen).toHaveLength(3);
  fake.server.answer(state("denied", false));
  expect(await fake.vault.waitFor(wanted, soon)).toBe(true);
});

test("an approval that has no id of its own: the call itself tells", async () => {
  expect(await fake.vault.waitFor(action({ type: "approval_required" }), soon)).toBe(true);
  expect(fake.server.seen).toEqual([]);
});

test("not for ever, and not when the caller has enough", async () => {
  fake.server.answer(grant({ status: "revoked" }));
  const wanted = action({ grantId: GRANT_ID });
  expect(await fake.vault.waitFor(wanted, { pollInterval: 10, timeout: 60 })).toBe(false);
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error("enough")), 20);
  await expect(fake.vault.waitFor(wanted, { ...soon, signal: stop.signal })).rejects.toThrow("enough");
  fake.server.answer((_, response) => sendProblem(response, makeProblem("insufficient_scope", "no")));
  await expect(fake.vault.waitFor(wanted, soon)).rejects.toMatchObject({ code: "insufficient_scope" });
});
