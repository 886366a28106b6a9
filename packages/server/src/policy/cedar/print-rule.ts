import type { Rule, RuleScope } from "@alter-vault/protocol";
import type { Holidays } from "../conditions/time-condition.ts";
import { providerName } from "../facts/provider-name.ts";
import { printConditions, type Answers } from "./print-conditions.ts";
import { all, literal } from "./text.ts";

export interface PrintedRule {
  readonly text: string;
  /** Comparisons that Cedar gets the answers of. */
  readonly answers: Answers;
}

/**
 * A structured rule as Cedar, for people and for the test that holds the two against each other. It forbids where the rule
 * does not plainly let a call be; what the rule then does is in the annotation `effect`.
 */
export function printRule({ id, name, scope, effect, when, unless }: Rule, holidays: Holidays): PrintedRule {
  const answers: Answers = new Map();
  const condition = all([printScope(scope), printConditions(when, { part: "when", holidays, answers })]);
  const exception = unless ? printConditions(unless, { part: "unless", holidays, answers }) : null;
  const lines = [
    `@id(${literal(id)})`,
    `@name(${literal(name)})`,
    `@effect(${literal(effect.type)})`,
    "forbid (principal, action, resource)",
    `when { ${condition} }`,
    ...(exception === null ? [] : [`unless { ${exception} }`]),
  ];
  return { text: `${lines.join("\n")};\n`, answers };
}

function printScope(scope: RuleScope): string {
  if ("app" in scope) return "true";
  if ("provider" in scope) return `context.provider == ${literal(providerName(scope.provider))}`;
  if ("grant" in scope) return `context.grant == ${literal(scope.grant)}`;
  if ("secret" in scope) return `context has secret && context.secret == ${literal(scope.secret)}`;
  if ("agent" in scope) return `context.agents.contains(${literal(scope.agent)})`;
  if ("user" in scope) return `context has user && context.user == ${literal(scope.user)}`;
  return `context.groups.contains(${literal(scope.group)})`;
}
