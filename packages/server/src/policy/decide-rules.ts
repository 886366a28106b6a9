import { candidates, type CompiledPolicy, type CompiledRule } from "./compile-policy.ts";
import { testAll } from "./conditions/conditions.ts";
import { unanswerable, type Answer } from "./conditions/condition.ts";
import type { PolicyFacts } from "./facts.ts";

/**
 * What the rules say of a call that the base allows. They only take away: a call goes through when no rule denies it, and
 * then still needs every approval and has to fit into every limit. A rule that cannot be evaluated denies. Neither the
 * order of the rules nor that of scopes makes a difference: of several denials the one with the first id is named.
 */
export type RuleDecision =
  | { readonly effect: "deny"; readonly rule: string; readonly reason: string }
  | { readonly effect: "pass"; readonly approvals: readonly CompiledRule[]; readonly limits: readonly CompiledRule[] };

const PASS: RuleDecision = { effect: "pass", approvals: [], limits: [] };

export function decideRules(policy: CompiledPolicy, facts: PolicyFacts): RuleDecision {
  let denied: { rule: CompiledRule; why: string | null } | null = null;
  let applying: CompiledRule[] | null = null;
  for (const rule of candidates(policy, facts)) {
    const answer = appliesSafely(rule, facts);
    if (answer === false) continue;
    if (answer === true && rule.effect.type !== "deny") {
      applying ??= [];
      applying.push(rule);
    } else if (!denied || rule.id < denied.rule.id) {
      denied = { rule, why: answer === true ? null : answer.why };
    }
  }
  if (denied) return { effect: "deny", rule: denied.rule.id, reason: reasonOf(denied.rule, denied.why) };
  if (!applying) return PASS;
  applying.sort((a, b) => (a.id < b.id ? -1 : 1));
  const isApproval = ({ effect }: CompiledRule): boolean => effect.type === "require_approval";
  return {
    effect: "pass",
    approvals: applying.filter(isApproval),
    limits: applying.filter((rule) => !isApproval(rule)),
  };
}

/** Whether `effect` is for this call. It certainly is not when `when` fails or `unless` holds; else both must be clear. */
export function applies({ when, unless }: CompiledRule, facts: PolicyFacts): Answer {
  const answer = testAll(when, facts);
  if (answer === false || !unless) return answer;
  const exempt = testAll(unless, facts);
  if (exempt === true) return false;
  return exempt === false ? answer : exempt;
}

/** Whatever goes wrong inside a rule must not let the call through. */
function appliesSafely(rule: CompiledRule, facts: PolicyFacts): Answer {
  try {
    return applies(rule, facts);
  } catch {
    return unanswerable("the engine failed");
  }
}

function reasonOf({ name, effect }: CompiledRule, why: string | null): string {
  if (why !== null) return `the rule "${name}" cannot be evaluated: ${why}`;
  const reason = "reason" in effect ? effect.reason : undefined;
  return reason === undefined ? `the rule "${name}" denies it` : `${name}: ${reason}`;
}
