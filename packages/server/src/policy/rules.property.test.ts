import { PolicyDocument, type PolicyRequest, type Rule } from "@alter-vault/protocol";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { requestArbitrary, rulesArbitrary } from "./arbitraries.test-support.ts";
import { compilePolicy, scopeKey, scopesOf } from "./compile-policy.ts";
import { applies, decideRules, type RuleDecision } from "./decide-rules.ts";
import type { PolicyFacts } from "./facts.ts";
import { hypotheticalFacts } from "./hypothetical-facts.ts";

vi.setConfig({ testTimeout: 60_000 });
const rules = rulesArbitrary({ minLength: 0, maxLength: 6 });
const runs = { numRuns: 1_000 };

const factsOf = (request: PolicyRequest): PolicyFacts => {
  const facts = hypotheticalFacts(request);
  if (!facts) throw new Error("the URL is none");
  return facts;
};
const documentOf = (some: readonly Rule[]): PolicyDocument => PolicyDocument.parse({ rules: some });
const decide = (some: readonly Rule[], facts: PolicyFacts): RuleDecision =>
  decideRules(compilePolicy(documentOf(some)), facts);

/** What is asked of a call that goes through; null when it does not. */
function asked(decision: RuleDecision): string[] | null {
  return decision.effect === "deny" ? null : [...decision.approvals, ...decision.limits].map(({ id }) => id);
}

test("adding a rule never allows more", () => {
  fc.assert(
    fc.property(rules, rulesArbitrary({ minLength: 1, maxLength: 1 }), requestArbitrary, (before, [added], request) => {
      const facts = factsOf(request);
      const without = asked(decide(before, facts));
      const withIt = asked(decide([...before, { ...(added as Rule), id: "added" }], facts));
      if (withIt === null) return;
      expect(without).not.toBeNull();
      expect(withIt).toEqual(expect.arrayContaining(without ?? []));
    }),
    runs,
  );
});

test("the order of rules makes no difference", () => {
  fc.assert(
    fc.property(
      rules.chain((some) => fc.tuple(fc.constant(some), fc.shuffledSubarray(some, { minLength: some.length }))),
      requestArbitrary,
      ([some, shuffled], request) => {
        const facts = factsOf(request);
        const [one, two] = [decide(some, facts), decide(shuffled, facts)];
        expect(asked(two)).toEqual(asked(one));
        if (one.effect === "deny") expect(two).toEqual(one);
      },
    ),
    runs,
  );
});

test("the index leaves out no rule that applies, and finds none twice", () => {
  fc.assert(
    fc.property(rules, requestArbitrary, (some, request) => {
      const facts = factsOf(request);
      const compiled = compilePolicy(documentOf(some));
      const keys = scopesOf(facts);
      const expected = compiled.rules.filter(
        (rule) => keys.includes(scopeKey(rule.scope)) && applies(rule, facts) !== false,
      );
      const denies = expected.some((rule) => rule.effect.type === "deny" || applies(rule, facts) !== true);
      const found = asked(decideRules(compiled, facts));
      expect(found === null).toBe(denies);
      if (found) expect(found.toSorted()).toEqual(expected.map(({ id }) => id).toSorted());
    }),
    runs,
  );
});

test("a rule that throws denies", () => {
  const compiled = compilePolicy(documentOf([]));
  const broken = {
    id: "broken",
    name: "Broken",
    scope: { app: true as const },
    effect: { type: "deny" as const },
    when: [
      {
        name: "x",
        expected: "",
        actual: () => "",
        test: () => {
          throw new Error("broken");
        },
      },
    ],
    unless: null,
  };
  const policy = {
    ...compiled,
    byScope: new Map([["app", { all: [broken], byTarget: new Map([["* *", [broken]]]) }]]),
  };
  const facts = factsOf({ url: "https://api.example.com/" });
  expect(decideRules(policy, facts)).toEqual({
    effect: "deny",
    rule: "broken",
    reason: 'the rule "Broken" cannot be evaluated: the engine failed',
  });
});
