import { policy, rule, type CedarRule, type PolicyDocument, type Rule, type RuleScope } from "@alter-vault/protocol";

/** Policies as people write them, in which nothing denies the calls that are measured: every rule is looked at. */
export interface MeasuredPolicy {
  readonly name: string;
  readonly document: PolicyDocument;
}

const APP: RuleScope = { app: true };

/** Office hours, the office's network, a path, a field of the body, a claim, in turn. */
function someRule(at: number, scope: RuleScope): Rule {
  const one = rule(`rule-${at}`).on(scope);
  switch (at % 5) {
    case 0:
      return one.unless({ time: [{ zone: "Europe/Berlin", from: "00:00", to: "24:00" }] }).deny();
    case 1:
      return one.unless({ source_ip: ["10.0.0.0/8", "2001:db8::/32"] }).deny();
    case 2:
      return one.when({ method: ["DELETE", "POST"], path: [`/v1/things-${at}/{id}`] }).deny();
    case 3:
      return one.when({ method: ["POST"], body: [{ field: "/amount", greater_than: 1000 + at }] }).deny();
    default:
      return one.when({ claims: { tool: [`delete_${at}_*`] }, groups: ["finance"] }).deny();
  }
}

function many(count: number, scopeOf: (at: number) => RuleScope): Rule[] {
  return Array.from({ length: count }, (_, at) => someRule(at, scopeOf(at)));
}

/** 50 scopes; a measured call is in four of them. */
function oneOfFifty(at: number): RuleScope {
  const place = at % 50;
  if (place === 0) return APP;
  if (place < 20) return { provider: place === 1 ? "demo" : `provider-${place}` };
  if (place < 40) return { agent: place === 20 ? "agent" : `agent-${place}` };
  return { group: place === 40 ? "finance" : `group-${place}` };
}

function cedarRule(at: number, scope: RuleScope): CedarRule {
  const text = `forbid (principal, action, resource)
when { context has method && context.method == "POST" && context.numbers.hasTag("/amount") && context.numbers.getTag("/amount") > ${1000 + at} }
unless { context.groups.contains("board") };`;
  return { id: `cedar-${at}`, name: `Cedar ${at}`, enabled: true, scope, policy: text };
}

const cedarOf = (others: number): CedarRule[] => [
  cedarRule(0, { provider: "demo" }),
  ...Array.from({ length: others }, (_, at) => cedarRule(at + 1, { provider: `provider-${at}` })),
];

export const RULES_1: MeasuredPolicy = { name: "1 rule", document: policy({ rules: [someRule(3, APP)] }) };
export const RULES_100: MeasuredPolicy = { name: "100 rules", document: policy({ rules: many(100, () => APP) }) };
export const RULES_1000: MeasuredPolicy = {
  name: "1000 rules in 50 scopes",
  document: policy({ rules: many(1000, oneOfFifty) }),
};
export const CEDAR: MeasuredPolicy = {
  name: "1000 rules and one in Cedar",
  document: policy({ rules: many(1000, oneOfFifty), cedar: cedarOf(0) }),
};
export const CEDAR_AMONG_500: MeasuredPolicy = {
  name: "the same, 500 in Cedar of other scopes",
  document: policy({ rules: many(1000, oneOfFifty), cedar: cedarOf(500) }),
};
