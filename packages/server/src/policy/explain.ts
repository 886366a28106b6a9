import type { ExplainedRule } from "@alter-vault/protocol";
import { candidates, type CompiledPolicy, type CompiledRule } from "./compile-policy.ts";
import type { Condition } from "./conditions/condition.ts";
import type { Part } from "./conditions/conditions.ts";
import { applies } from "./decide-rules.ts";
import type { PolicyFacts } from "./facts.ts";

/** Every rule that might apply to a call: what it looks at, what it finds, and what would make it let the call be. */
export function explainRules(policy: CompiledPolicy, facts: PolicyFacts): ExplainedRule[] {
  return [...candidates(policy, facts)].map((rule) => explainRule(rule, facts)).sort((a, b) => (a.id < b.id ? -1 : 1));
}

function explainRule(rule: CompiledRule, facts: PolicyFacts): ExplainedRule {
  const answer = applies(rule, facts);
  const parts: [Part, readonly Condition[]][] = [
    ["when", rule.when],
    ["unless", rule.unless ?? []],
  ];
  return {
    id: rule.id,
    name: rule.name,
    effect: rule.effect.type,
    applies: typeof answer === "boolean" ? answer : null,
    conditions: parts.flatMap(([part, conditions]) => conditions.map((one) => explainCondition(part, one, facts))),
    changes: answer === false ? [] : changesOf(rule, facts),
  };
}

function explainCondition(
  part: Part,
  { name, expected, test, actual }: Condition,
  facts: PolicyFacts,
): ExplainedRule["conditions"][number] {
  const answer = test(facts);
  return { part, name, expected, actual: actual(facts), holds: typeof answer === "boolean" ? answer : null };
}

/** One of `when` must fail, or all of `unless` must hold. */
function changesOf({ when, unless }: CompiledRule, facts: PolicyFacts): string[] {
  const changes = when.map(({ name, expected }) => `${name} is anything but: ${expected}`);
  const missing = (unless ?? []).filter(({ test }) => test(facts) !== true);
  if (missing.length > 0) {
    changes.push(missing.map(({ name, expected }) => `${name} is: ${expected}`).join(", and "));
  }
  return changes;
}
