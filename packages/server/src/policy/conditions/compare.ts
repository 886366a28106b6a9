import type { BodyTest, QueryTest } from "@alter-vault/protocol";
import { unanswerable, type Answer } from "./condition.ts";

/** A comparison without the place its value comes from. */
export type Comparison = Omit<BodyTest, "field"> | Omit<QueryTest, "name">;

/** How a number is written; forms and queries have nothing but text. */
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** Compiles everything but `exists`, which is about the place. */
export function comparer(comparison: Comparison): (value: unknown) => Answer {
  const compare = positive(comparison);
  if (!comparison.not) return compare;
  return (value) => {
    const answer = compare(value);
    return typeof answer === "boolean" ? !answer : answer;
  };
}

function positive(comparison: Comparison): (value: unknown) => Answer {
  const { type, equals, one_of, starts_with, ends_with, contains, greater_than, at_least, less_than, at_most } =
    comparison;
  const fold = comparison.ignore_case
    ? (text: string): string => text.normalize("NFC").toLowerCase()
    : (text: string): string => text.normalize("NFC");
  if (type !== undefined) return (value) => typeOf(value) === type;
  if (equals !== undefined) return equality([equals], fold);
  if (one_of !== undefined) return equality(one_of, fold);
  if (starts_with !== undefined) return textual(fold, starts_with, (text, part) => text.startsWith(part));
  if (ends_with !== undefined) return textual(fold, ends_with, (text, part) => text.endsWith(part));
  if (contains !== undefined) return textual(fold, contains, (text, part) => text.includes(part));
  if (greater_than !== undefined) return numeric((value) => value > greater_than);
  if (at_least !== undefined) return numeric((value) => value >= at_least);
  if (less_than !== undefined) return numeric((value) => value < less_than);
  if (at_most !== undefined) return numeric((value) => value <= at_most);
  return () => unanswerable("the rule compares with nothing");
}

function equality(
  expected: readonly (string | number | boolean | null)[],
  fold: (text: string) => string,
): (value: unknown) => Answer {
  const numbers = new Set<number>();
  const texts = new Set<string>();
  for (const one of expected) {
    const number = numberOf(one);
    if (number === null) texts.add(one === null ? NULL : fold(String(one)));
    else numbers.add(number);
  }
  return (value) => {
    if (value === null) return texts.has(NULL);
    if (typeof value === "object") return unanswerable(`an ${typeOf(value)} is compared with text or a number`);
    const number = numberOf(value);
    if (number === null) return texts.has(fold(textOf(value)));
    if (Number.isInteger(number) && !Number.isSafeInteger(number) && numbers.size > 0)
      return unanswerable("the number is too large to be compared exactly");
    return numbers.has(number);
  };
}

/** Nothing that text of a body folds to. */
const NULL = "\0null";

function textual(
  fold: (text: string) => string,
  part: string,
  holds: (text: string, part: string) => boolean,
): (value: unknown) => Answer {
  const folded = fold(part);
  return (value) => {
    if (value === null) return false;
    if (typeof value === "object") return unanswerable(`an ${typeOf(value)} is compared with text`);
    return holds(fold(textOf(value)), folded);
  };
}

function numeric(holds: (value: number) => boolean): (value: unknown) => Answer {
  return (value) => {
    const number = numberOf(value);
    return number === null ? unanswerable(`${described(value)} is compared with a number`) : holds(number);
  };
}

/** The number that a value is, or is the text of. */
export function numberOf(value: unknown): number | null {
  if (typeof value === "number") return value;
  return typeof value === "string" && NUMBER.test(value) ? Number(value) : null;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function described(value: unknown): string {
  return typeof value === "string" ? "text that is no number" : typeOf(value);
}

export function typeOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
