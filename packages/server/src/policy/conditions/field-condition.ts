import type { BodyTest, QueryTest } from "@alter-vault/protocol";
import { comparer, typeOf, type Comparison } from "./compare.ts";
import { listed, unanswerable, type Answer, type Condition } from "./condition.ts";
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

export function queryCondition(test: QueryTest): Condition {
  const name = test.name.normalize("NFC");
  return fieldCondition(`query ${test.name}`, test, ({ query }) => {
    if (!query) return { why: "the query can be read in more than one way" };
    return query.filter(([given]) => given === name).map(([, value]) => value);
  });
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
        const inner = member(value, segment);
        if (inner !== undefined) next.push(inner);
      }
      if (next.length > MOST_VALUES) return { why: "there are too many values to look at" };
    }
    values = next;
  }
  return values;
}

function member(object: object, name: string): unknown {
  if (Object.hasOwn(object, name)) return (object as Record<string, unknown>)[name];
  // A key that is not in its normal form; no two keys have the same one.
  const key = Object.keys(object).find((other) => other !== name && other.normalize("NFC") === name);
  return key === undefined ? undefined : (object as Record<string, unknown>)[key];
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
