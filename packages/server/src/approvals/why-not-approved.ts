import type { Failure } from "../call.ts";
import type { CheckedCall } from "../check-call.ts";
import type { Asker } from "../identity/asker.ts";
import type { CompiledRule } from "../policy/compile-policy.ts";
import type { ApprovalRecord } from "../store/approval-records.ts";
import { requestHash } from "./request-hash.ts";

/** Whether the call that is about to be made is the one that was approved, and needs no more than that. */
export function whyNotApproved(
  approval: ApprovalRecord,
  checked: CheckedCall,
  asker: Asker,
  rules: readonly CompiledRule[],
): Failure | null {
  const approved = new Set(approval.requirements.map(({ ruleId }) => ruleId));
  const missing = rules.find(({ id }) => !approved.has(id));
  const details = { approval_id: approval.id, ...(missing ? { rule_id: missing.id } : {}) };
  if (missing) {
    const detail = `the rule "${missing.name}" asks for an approval that nobody gave`;
    return { ok: false, code: "policy_denied", detail, details };
  }
  if (requestHash(checked, asker) === approval.requestHash) return null;
  return { ok: false, code: "policy_denied", detail: "the call is not the one that was approved", details };
}
