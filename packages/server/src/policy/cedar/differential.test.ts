import { PolicyDocument, type Rule } from "@alter-vault/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { requestArbitrary, rulesArbitrary } from "../arbitraries.test-support.ts";
import { compilePolicy, scopeKey, scopesOf } from "../compile-policy.ts";
import { applies } from "../decide-rules.ts";
import type { PolicyFacts } from "../facts.ts";
import { hypotheticalFacts } from "../hypothetical-facts.ts";
import { principalOf } from "./cedar-rules.ts";
import { cedarEngine } from "./engine.ts";
import { ACTIONS } from "./print-conditions.ts";
import { printRule } from "./print-rule.ts";
import { readsOf } from "./reads.ts";
import { cedarRequests } from "./request.ts";
import { CEDAR_SCHEMA_WITH_ANSWERS } from "./schema.ts";

/**
 * Cedar as the referee: each rule is printed, and for each call both must find the same rules. Calls come from one pool
 * and are dealt to the policies, so that no time is lost with making them.
 */
const POLICIES = 1_000;
const CALLS_EACH = 100;
const POOL = 4_000;
const SEED = 20_261_125;

const cedar = cedarEngine();
const SLOT = "referee";

test(`the vault and Cedar agree on ${POLICIES * CALLS_EACH} calls`, { timeout: 300_000 }, () => {
  const policies = fc.sample(rulesArbitrary({ minLength: 1, maxLength: 4 }), { numRuns: POLICIES, seed: SEED });
  const pool = fc
    .sample(requestArbitrary, { numRuns: POOL, seed: SEED })
    .flatMap((one) => hypotheticalFacts(one) ?? []);
  expect(pool).toHaveLength(POOL);
  let calls = 0;
  let found = 0;
  let asked = 0;
  policies.forEach((rules, index) => {
    const { byUs, byCedar } = bothWays(rules);
    for (let call = 0; call < CALLS_EACH; call++) {
      const facts = pool[(index * 37 + call * 101) % POOL] as PolicyFacts;
      const ours = byUs(facts);
      const theirs = byCedar(facts);
      if (ours.join() !== theirs.join()) report(rules, facts, ours, theirs);
      calls++;
      asked += rules.length;
      found += ours.length;
    }
  });
  expect(calls).toBe(POLICIES * CALLS_EACH);
  // Neither always nor never: otherwise it would be no test.
  expect(found / asked).toBeGreaterThan(0.05);
  expect(found / asked).toBeLessThan(0.6);
});

type Finder = (facts: PolicyFacts) => string[];

/** The ids of the rules that do not let a call be, as either of the two sees it. */
function bothWays(rules: readonly Rule[]): { byUs: Finder; byCedar: Finder } {
  const document = PolicyDocument.parse({ rules });
  const { rules: compiled } = compilePolicy(document);
  const printed = rules.map((rule) => ({ id: rule.id, ...printRule(rule, document.holidays) }));
  const staticPolicies = Object.fromEntries(printed.map(({ id, text }) => [id, text]));
  const validated = cedar.validate({ schema: CEDAR_SCHEMA_WITH_ANSWERS, policies: { staticPolicies } });
  expect(validated).toMatchObject({ type: "success", validationErrors: [] });
  const all = { "": "permit (principal, action, resource);", ...staticPolicies };
  expect(cedar.preparsePolicySet(SLOT, { staticPolicies: all })).toEqual({ type: "success" });
  const json = Object.values(staticPolicies).map((text) => cedar.policyToJson(text));
  const answers = new Map(printed.flatMap((one) => [...one.answers]));
  const requestOf = cedarRequests(readsOf(json), answers);
  return {
    byUs: (facts) =>
      compiled
        .filter((rule) => scopesOf(facts).includes(scopeKey(rule.scope)) && applies(rule, facts) !== false)
        .map(({ id }) => id)
        .toSorted(),
    byCedar(facts) {
      const { context, entities } = requestOf(facts);
      const answer = cedar.statefulIsAuthorized({
        principal: principalOf(facts),
        action: { type: "AlterVault::Action", id: ACTIONS[facts.mode] },
        resource: { type: "AlterVault::Grant", id: facts.grantId },
        context,
        entities,
        preparsedPolicySetId: SLOT,
      });
      if (answer.type === "failure") throw new Error(JSON.stringify(answer.errors));
      const { decision, diagnostics } = answer.response;
      expect(diagnostics.errors).toEqual([]);
      return decision === "allow" ? [] : diagnostics.reason.toSorted();
    },
  };
}

function report(rules: readonly Rule[], facts: PolicyFacts, ours: string[], theirs: string[]): never {
  const odd = rules.filter(({ id }) => ours.includes(id) !== theirs.includes(id));
  const printed = odd.map((rule) => printRule(rule, {}).text).join("\n");
  const what = JSON.stringify({ rules: odd, facts }, null, 1);
  throw new Error(`the vault finds [${ours.join()}], Cedar [${theirs.join()}]\n${what}\n${printed}`);
}
