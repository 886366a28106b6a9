import type { CedarRule, PolicyDocument, Rule } from "@alter-vault/protocol";

/** What is other in one policy than in another. */
export interface PolicyDifference {
  readonly kind: "added" | "removed" | "changed";
  /** `rule no-deletes`, `cedar free`, `holidays berlin`. */
  readonly what: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** By id: the order of rules makes no difference. */
export function diffPolicies(before: PolicyDocument, after: PolicyDocument): PolicyDifference[] {
  return [
    ...compare("rule", byId(before.rules), byId(after.rules)),
    ...compare("cedar", byId(before.cedar), byId(after.cedar)),
    ...compare("holidays", new Map(Object.entries(before.holidays)), new Map(Object.entries(after.holidays))),
  ];
}

function byId(rules: readonly (Rule | CedarRule)[]): Map<string, unknown> {
  return new Map(rules.map((rule) => [rule.id, rule]));
}

function compare(
  kind: string,
  before: ReadonlyMap<string, unknown>,
  after: ReadonlyMap<string, unknown>,
): PolicyDifference[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  return names.flatMap((name): PolicyDifference[] => {
    const [one, other] = [before.get(name), after.get(name)];
    const what = `${kind} ${name}`;
    if (one === undefined) return [{ kind: "added", what, before: null, after: other }];
    if (other === undefined) return [{ kind: "removed", what, before: one, after: null }];
    return canonical(one) === canonical(other) ? [] : [{ kind: "changed", what, before: one, after: other }];
  });
}

/** The same text for the same value, in whatever order its keys are. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
