import type { BodyTest, QueryTest } from "@alter-vault/protocol";
import { comparer, typeOf, type Comparison } from "./compare.ts";
import { listed, unanswerable, type Answer, type Condition } from "./condition.ts";
import type { Part } from "./conditions.ts";
import type { PolicyFacts } from "../facts.ts";

/** Where a comparison gets its values from, or why there is no telling. */
export type Values = readonly unknown[] | { readonly why: string };

/** No rule looks at so many; who sends more does not want to be looked at. */
const MOST_VALUES = 10_000;

export function bodyCondition(test: BodyTest): Condition {
  const segments = readPointer(test.field);
  return fieldCondition(`body ${test.field}`, test, ({ body }) => {
    switch (body.kind) {
      case "none":
        return [];
      case "unreadable":
        return { why: body.why };
      case "fields":
        return valuesAt(body.value, segments);
    }
  });
}

/**
 * A name that comes several times is one value for the provider, and nobody knows which. So where it would let a call off
 * that one of them compares well, all must.
 */
export function queryCondition(test: QueryTest, part: Part): Condition {
  const name = test.name.normalize("NFC");
  const condition = fieldCondition(`query ${test.name}`, test, ({ query }) => queryValues(query, name));
  const compare = test.exists === undefined ? comparer(test) : null;
  if (!compare || (part === "when" && test.match === "any")) return condition;
  return {
    ...condition,
    test(facts) {
      const values = queryValues(facts.query, name);
      const answers = new Set("why" in values ? [] : values.map(compare));
      return answers.size > 1 ? unanswerable(`"${name}" comes more than once`) : condition.test(facts);
    },
  };
}

/** Some servers do not look at the letter case of names: then another spelling is the same field. */
export function queryValues(query: PolicyFacts["query"], name: string): Values {
  if (!query) return { why: "the query can be read in more than one way" };
  const folded = name.toLowerCase();
  if (query.some(([given]) => given !== name && given.toLowerCase() === folded)) return { why: otherCase(name) };
  return query.filter(([given]) => given === name).map(([, value]) => value);
}

function otherCase(name: string): string {
  return `"${name}" is spelled in another letter case`;
}

function fieldCondition(name: string, test: Comparison, valuesOf: (facts: PolicyFacts) => Values): Condition {
  const { exists } = test;
  const compare = exists === undefined ? comparer(test) : null;
  const all = test.match === "all";
  return {
    name,
    expected: describe(test),
    test(facts) {
      const values = valuesOf(facts);
      if ("why" in values) return unanswerable(values.why);
      if (!compare) return (values.length > 0 === exists) !== test.not;
      return overAll(values, compare, all);
    },
    actual(facts) {
      const values = valuesOf(facts);
      if ("why" in values) return values.why;
      return values.length === 0 ? "missing" : listed(values.map(shown));
    },
  };
}

/** Every value is looked at: whether one of them cannot be compared does not depend on their order. */
function overAll(values: readonly unknown[], compare: (value: unknown) => Answer, all: boolean): Answer {
  let result = all;
  for (const value of values) {
    const answer = compare(value);
    if (typeof answer !== "boolean") return answer;
    result = all ? result && answer : result || answer;
  }
  return result;
}

export function readPointer(pointer: string): string[] {
  return pointer
    .slice(1)
    .split("/")
    .map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~").normalize("NFC"));
}

/** `*` is each element of an array; a value that is no array is its own element. */
export function valuesAt(root: unknown, segments: readonly string[]): Values {
  let values: unknown[] = [root];
  for (const segment of segments) {
    const next: unknown[] = [];
    for (const value of values) {
      if (segment === "*") {
        for (const element of Array.isArray(value) ? (value as unknown[]) : [value]) next.push(element);
      } else if (Array.isArray(value)) {
        return { why: `an array is where the rule expects an object with "${segment}"` };
      } else if (typeof value === "object" && value !== null) {
        const key = keyOf(value, segment);
        if (key === null) return { why: otherCase(segment) };
        if (key !== undefined) next.push((value as Record<string, unknown>)[key]);
      }
      if (next.length > MOST_VALUES) return { why: "there are too many values to look at" };
    }
    values = next;
  }
  return values;
}

/** What the object calls it; undefined: it has no such member; null: some servers may take another for it. */
function keyOf(object: object, name: string): string | undefined | null {
  const folded = name.toLowerCase();
  let found: string | undefined;
  for (const key of Object.keys(object)) {
    // No two keys have the same normal form.
    const normal = key.normalize("NFC");
    if (normal === name) found = key;
    else if (normal.length === name.length && normal.toLowerCase() === folded) return null;
  }
  return found;
}

function describe(test: Comparison): string {
  const { not, match, ignore_case: _case, ...rest } = test;
  const [comparison = "", value] =
    Object.entries(rest).find(([name, given]) => given !== undefined && name !== "field" && name !== "name") ?? [];
  const quantity = match === "all" ? "all: " : "";
  return `${quantity}${not ? "not " : ""}${comparison.replaceAll("_", " ")} ${JSON.stringify(value)}`;
}

const MOST_SHOWN = 60;

function shown(value: unknown): string {
  if (typeof value === "object" && value !== null) return typeOf(value);
  const text = JSON.stringify(value);
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}
