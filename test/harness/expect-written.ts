import type { Problem } from "@alter-vault/protocol";
import type { VaultClient } from "@alter-vault/server";
import { expect } from "vitest";

/** The refusal is in the log under the id that the caller was told, as a deny, with the code that the caller was told. */
export async function expectWritten(operator: VaultClient, problem: Problem | null, more: object = {}): Promise<void> {
  if (problem === null) throw new Error("it was not refused");
  const entry = await operator.call("getAudit", { id: problem.request_id ?? "" });
  expect(entry).toMatchObject({ decision: "deny", code: problem.code, ...more });
}
