import type { PolicyFacts } from "../facts.ts";

/** What a condition says of a call: yes, no, or why it cannot be said. */
export type Answer = boolean | Unanswerable;

export interface Unanswerable {
  readonly why: string;
}

/** One line of `when` or `unless`, compiled. */
export interface Condition {
  /** What it looks at, as it is written in the rule: `method`, `body /amount`. */
  readonly name: string;
  /** In words: what must be. */
  readonly expected: string;
  readonly test: (facts: PolicyFacts) => Answer;
  /** In words: what is. */
  readonly actual: (facts: PolicyFacts) => string;
}

export function unanswerable(why: string): Unanswerable {
  return { why };
}

/** For people: a list as it may stand in a sentence. */
export function listed(values: readonly unknown[]): string {
  if (values.length === 0) return "none";
  const shown = values.slice(0, 10).map(String).join(", ");
  return values.length > 10 ? `${shown} and ${values.length - 10} more` : shown;
}
