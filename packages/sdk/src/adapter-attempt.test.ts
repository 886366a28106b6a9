import { makeProblem } from "@alter-vault/protocol";
import { expect, test } from "vitest";
import { expectedFailure, missingConnections, toolVault } from "./adapter-attempt.ts";
import { errorFromProblem } from "./error-from-problem.ts";
import { AlterValueError } from "./errors.ts";
import { useFakeVault } from "./use-fake-vault.test-support.ts";

const fake = useFakeVault();
const more = { approval_id: "a1", approval_url: "https://vault.example/a" };
const refused = errorFromProblem(makeProblem("approval_required", "ask", more));

test("a failure that was to be expected comes with what somebody must do", async () => {
  expect(await expectedFailure(fake.vault, refused, undefined)).toMatchObject({
    failure: { code: "approval_required" },
    action: { type: "approval_required", approvalId: "a1" },
  });
  const denied = errorFromProblem(makeProblem("policy_denied", "no"));
  expect(await expectedFailure(fake.vault, denied, undefined)).toMatchObject({ action: null });
});

test("mistakes, foreign errors and whatever an abort leaves are thrown as they are", async () => {
  for (const error of [new AlterValueError("wrong"), new Error("mine"), "text"]) {
    await expect(expectedFailure(fake.vault, error, undefined)).rejects.toBe(error);
  }
  await expect(expectedFailure(fake.vault, refused, AbortSignal.abort())).rejects.toBe(refused);
  expect(fake.server.seen).toEqual([]);
});

test("the vault of a tool has the tool's credential, and no two of them", async () => {
  await toolVault({ vault: fake.vault, provider: "github" }).request("GET", "https://api.example/x");
  expect(fake.server.seen[0]?.envelope).toMatchObject({ provider: "github" });
  const grantId = "01890000-0000-7000-8000-000000000000";
  expect(() => toolVault({ vault: fake.vault, provider: "github", grantId })).toThrow(AlterValueError);
});

test("nothing is missing for a run that needs nothing", async () => {
  expect(await missingConnections(fake.vault, [])).toEqual([]);
  expect(fake.server.seen).toEqual([]);
});
