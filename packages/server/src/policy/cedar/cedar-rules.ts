import type { CedarRule } from "@alter-vault/protocol";
import { scopeKey, scopesOf } from "../compile-policy.ts";
import type { PolicyFacts } from "../facts.ts";
import { checkCedarRule } from "./check-rule.ts";
import { cedarEngine, giveBackSlot, takeSlot } from "./engine.ts";
import { ACTIONS } from "./print-conditions.ts";
import type { CedarReads } from "./reads.ts";
import { cedarRequests, type CedarRequest } from "./request.ts";

/** What the rules written in Cedar say. */
export type CedarDecision =
  | { readonly effect: "pass" }
  | { readonly effect: "deny"; readonly rule: string; readonly reason: string };

/** The Cedar rules of a policy, prepared: those of other scopes cost nothing. */
export interface CedarRules {
  readonly readsBody: boolean;
  decide(facts: PolicyFacts): CedarDecision;
  /** Gives back what the engine keeps. Nothing can be decided afterwards. */
  close(): void;
}

interface Slice {
  readonly slot: string;
  readonly rules: ReadonlyMap<string, CedarRule>;
  readonly requestOf: (facts: PolicyFacts) => CedarRequest;
}

const PASS: CedarDecision = { effect: "pass" };

/** Throws RangeError for a rule that `checkCedarRule` does not pass. */
export function prepareCedarRules(rules: readonly CedarRule[]): CedarRules {
  const grouped = Map.groupBy(
    rules.filter(({ enabled }) => enabled),
    ({ scope }) => scopeKey(scope),
  );
  const slices = new Map([...grouped].map(([key, own]) => [key, prepareSlice(own)]));
  return {
    readsBody: [...slices.values()].some(({ readsBody }) => readsBody),
    decide(facts) {
      if (slices.size === 0) return PASS;
      let denied: CedarDecision & { effect: "deny" } = NOTHING;
      for (const key of scopesOf(facts)) {
        const slice = slices.get(key);
        const decision = slice ? decideSlice(slice, facts) : PASS;
        if (decision.effect === "deny" && (denied === NOTHING || decision.rule < denied.rule)) denied = decision;
      }
      return denied === NOTHING ? PASS : denied;
    },
    close() {
      for (const { slot } of slices.values()) giveBackSlot(slot);
      slices.clear();
    },
  };
}

const NOTHING: CedarDecision & { effect: "deny" } = { effect: "deny", rule: "", reason: "" };

function prepareSlice(rules: readonly CedarRule[]): Slice & { readsBody: boolean } {
  const staticPolicies: Record<string, string> = { "": "permit (principal, action, resource);" };
  const reads: CedarReads[] = [];
  for (const rule of rules) {
    const checked = checkCedarRule(rule);
    if (!checked.ok) throw new RangeError(`the rule "${rule.id}" is not valid: ${checked.problems.join("; ")}`);
    checked.policies.forEach((policy, at) => (staticPolicies[`${rule.id}#${at}`] = policy));
    reads.push(checked.reads);
  }
  const slot = takeSlot();
  const prepared = cedarEngine().preparsePolicySet(slot, { staticPolicies });
  if (prepared.type === "failure") throw new RangeError(prepared.errors.map(({ message }) => message).join("; "));
  const joined = joinReads(reads);
  return {
    slot,
    rules: new Map(rules.map((rule) => [rule.id, rule])),
    requestOf: cedarRequests(joined),
    readsBody: joined.attributes.has("body") || joined.attributes.has("numbers"),
  };
}

function decideSlice({ slot, rules, requestOf }: Slice, facts: PolicyFacts): CedarDecision {
  const { context, entities, unclear } = requestOf(facts);
  const first = [...rules.keys()].toSorted()[0] ?? "";
  if (unclear !== null) return deny(rules, first, `cannot be evaluated: ${unclear}`);
  const answer = cedarEngine().statefulIsAuthorized({
    principal: principalOf(facts),
    action: { type: "AlterVault::Action", id: ACTIONS[facts.mode] },
    resource: { type: "AlterVault::Grant", id: facts.grantId },
    context,
    entities,
    preparsedPolicySetId: slot,
  });
  if (answer.type === "failure") return deny(rules, first, "cannot be evaluated: the engine failed");
  const { decision, diagnostics } = answer.response;
  const [broken] = diagnostics.errors.map(({ policyId }) => ruleOf(policyId)).toSorted();
  if (broken !== undefined) return deny(rules, broken, "cannot be evaluated: the engine failed");
  if (decision === "allow") return PASS;
  return deny(rules, diagnostics.reason.map(ruleOf).toSorted()[0] ?? first, "denies it");
}

function deny(rules: ReadonlyMap<string, CedarRule>, rule: string, what: string): CedarDecision {
  return { effect: "deny", rule, reason: `the rule "${rules.get(rule)?.name ?? rule}" ${what}` };
}

function ruleOf(policyId: string): string {
  return policyId.slice(0, policyId.lastIndexOf("#"));
}

export function principalOf({ userId, agents: [agent], appId }: PolicyFacts): { type: string; id: string } {
  if (userId !== null) return { type: "AlterVault::User", id: userId };
  if (agent !== undefined) return { type: "AlterVault::Agent", id: agent };
  return { type: "AlterVault::App", id: appId };
}

function joinReads(all: readonly CedarReads[]): CedarReads {
  const tags = new Map<string, Set<string>>();
  for (const [attribute, names] of all.flatMap((reads) => [...reads.tags])) {
    tags.set(attribute, new Set([...(tags.get(attribute) ?? []), ...names]));
  }
  return { attributes: new Set(all.flatMap(({ attributes }) => [...attributes])), tags, problems: [] };
}
