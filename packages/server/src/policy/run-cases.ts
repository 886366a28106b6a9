import type { PolicyCase, PolicyCases } from "@alter-vault/protocol";
import { decidePolicy, type PolicyDecision } from "./decide-policy.ts";
import { hypotheticalFacts } from "./hypothetical-facts.ts";
import type { PublishedPolicy } from "./published-policy.ts";

/** A case whose policy says something else than it should. */
export interface FailedCase {
  readonly name: string;
  readonly problem: string;
}

/** Holds a policy against its cases. Returns those that fail, in their order. */
export function runCases(policy: PublishedPolicy, { request, cases }: PolicyCases): FailedCase[] {
  return cases.flatMap((one) => {
    const { url, ...rest } = { ...request, ...one.request };
    const facts = url === undefined ? null : hypotheticalFacts({ ...rest, url });
    if (!facts) return [{ name: one.name, problem: "it has no valid url" }];
    const problem = problemOf(one, decidePolicy(policy, facts));
    return problem === null ? [] : [{ name: one.name, problem }];
  });
}

function problemOf(expected: PolicyCase, decision: PolicyDecision): string | null {
  const outcome = decision.effect === "deny" ? "deny" : decision.approvals.length > 0 ? "require_approval" : "allow";
  const said = decision.effect === "deny" ? ` (${decision.rule}: ${decision.reason})` : "";
  if (outcome !== expected.expect) return `expected ${expected.expect}, got ${outcome}${said}`;
  const rules = decision.effect === "deny" ? [decision.rule] : decision.approvals.map(({ id }) => id);
  if (expected.rule !== undefined && !rules.includes(expected.rule))
    return `expected the rule ${expected.rule}, got ${rules.join(", ")}`;
  if (expected.reason !== undefined && !said.includes(expected.reason))
    return `expected a reason with "${expected.reason}", got${said}`;
  const limits = decision.effect === "deny" ? [] : decision.limits.map(({ id }) => id);
  if (expected.limits && expected.limits.toSorted().join() !== limits.join())
    return `expected the limits ${expected.limits.join(", ")}, got ${limits.join(", ")}`;
  return null;
}
