import { makeProblem } from "@alter-vault/protocol";
import { expect, test } from "vitest";
import { attempt, missingConnections, toolVault } from "./adapter-attempt.ts";
import { errorFromProblem } from "./error-from-problem.ts";
import { AlterValueError } from "./errors.ts";
import { useFakeVault } from "./use-fake-vault.test-support.ts";

const fake = useFakeVault();
const more = { approval_id: "a1", approval_url: "https://vault.example/a" };
const refused = errorFromProblem(makeProblem("approval_required", "ask", more));

const failing = (error: unknown, signal?: AbortSignal) => attempt(fake.vault, signal, () => Promise.reject(error));

test("a failure that was to be expected comes with what to say and what somebody must do", async () => {
  expect(await failing(refused)).toEqual({
    ok: false,
    error: refused,
    told: {
      error: "approval_required",
      message: "ask",
      fix: "Somebody must approve this call first.",
      url: "https://vault.example/a",
    },
    action: expect.objectContaining({ type: "approval_required", approvalId: "a1" }),
  });
  expect(await failing(errorFromProblem(makeProblem("policy_denied", "no")))).toMatchObject({
    ok: false,
    action: null,
  });
  expect(await attempt(fake.vault, undefined, async () => "done")).toEqual({ ok: true, value: "done" });
});

test("mistakes, foreign errors and whatever an abort leaves are thrown as they are", async () => {
  for (const error of [new AlterValueError("wrong"), new Error("mine"), "text"]) {
    await expect(failing(error)).rejects.toBe(error);
  }
  await expect(failing(refused, AbortSignal.abort())).rejects.toBe(refused);
  expect(fake.server.seen).toEqual([]);
});

test("the vault of a tool has the tool's credential, and no two of them", async () => {
  await toolVault({ vault: fake.vault, provider: "github" }).request("GET", "https://api.example/x");
  expect(fake.server.seen[0]?.envelope).toMatchObject({ provider: "github" });
  const grantId = "01890000-0000-7000-8000-000000000000";
  expect(() => toolVault({ vault: fake.vault, provider: "github", grantId })).toThrow(AlterValueError);
});

test("nothing is missing for a run that needs nothing", async () => {
  expect(await missingConnections({ vault: fake.vault, needs: [] })).toEqual([]);
  expect(fake.server.seen).toEqual([]);
});
