import { decideRules, type RuleDecision } from "./decide-rules.ts";
import type { PolicyFacts } from "./facts.ts";
import type { PublishedPolicy } from "./published-policy.ts";

export type PolicyDecision = RuleDecision;

/** Structured rules first, then those in Cedar; whatever denies wins, and whatever fails denies. */
export function decidePolicy({ compiled, cedar }: PublishedPolicy, facts: PolicyFacts): PolicyDecision {
  const decision = decideRules(compiled, facts);
  if (decision.effect === "deny") return decision;
  try {
    const free = cedar.decide(facts);
    return free.effect === "deny" ? free : decision;
  } catch {
    return { effect: "deny", rule: "cedar", reason: "the rules in Cedar cannot be evaluated: the engine failed" };
  }
}
