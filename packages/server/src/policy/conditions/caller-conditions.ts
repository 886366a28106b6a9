import type { Conditions } from "@alter-vault/protocol";
import type { PolicyFacts } from "../facts.ts";
import { listed, type Condition } from "./condition.ts";
import { anyMatcher } from "./text-pattern.ts";

/** Whether one of what the call has is on the list. */
export function memberCondition(
  name: string,
  wanted: readonly string[],
  actual: (facts: PolicyFacts) => string | null | readonly string[],
): Condition {
  const set = new Set(wanted);
  return {
    name,
    expected: listed(wanted),
    test(facts) {
      const has = actual(facts);
      if (has === null) return false;
      return typeof has === "string" ? set.has(has) : has.some((one) => set.has(one));
    },
    actual(facts) {
      const has = actual(facts);
      return typeof has === "string" ? has : listed(has ?? []);
    },
  };
}

export function scopesCondition({ any, all }: NonNullable<Conditions["scopes"]>): Condition {
  const parts = [...(any ? [`any of ${listed(any)}`] : []), ...(all ? [`all of ${listed(all)}`] : [])];
  return {
    name: "scopes",
    expected: parts.join(" and "),
    test: ({ scopes }) =>
      (any?.some((scope) => scopes.includes(scope)) ?? true) && (all?.every((scope) => scopes.includes(scope)) ?? true),
    actual: ({ scopes }) => listed(scopes),
  };
}

export function claimConditions(claims: NonNullable<Conditions["claims"]>): Condition[] {
  return Object.entries(claims).map(([name, patterns]) => {
    const matches = anyMatcher(patterns);
    return {
      name: `claim ${name}`,
      expected: listed(patterns),
      test: (facts) => Object.hasOwn(facts.claims, name) && matches(facts.claims[name] ?? ""),
      actual: (facts) => (Object.hasOwn(facts.claims, name) ? (facts.claims[name] ?? "") : "missing"),
    };
  });
}
