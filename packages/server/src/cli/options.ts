import { InvalidArgumentError } from "commander";
import { parseMoment, parseSeconds } from "./duration.ts";

/** Readers for option values. What they throw is a usage error that commander prints. */
export function seconds(text: string): number {
  const value = parseSeconds(text);
  if (value === null) throw new InvalidArgumentError("Write it like 30d, 12h, 5m, or as a number of seconds.");
  return value;
}

/** Times relative to now need the clock, which is handed in. */
export function moment(nowMs: () => number): (text: string) => string {
  return (text) => {
    const value = parseMoment(text, nowMs());
    if (value === null)
      throw new InvalidArgumentError("Write it like 2026-01-31, 2026-01-31T08:00:00Z, or 2h for two hours ago.");
    return value;
  };
}

export function integer(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}

/** For an option that may come more than once. */
export function repeated(text: string, previous: readonly string[] = []): string[] {
  return [...previous, text];
}

/** For an option that may come more than once, each time as `name=value`, each name once. */
export function namedValue(text: string, previous: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("It is written name=value.");
  const name = text.slice(0, at);
  if (Object.hasOwn(previous, name)) throw new InvalidArgumentError(`${name} comes twice.`);
  return { ...previous, [name]: text.slice(at + 1) };
}

/** For an option that may come more than once, each time with one of a few words. */
export function repeatedChoice<T extends string>(words: readonly T[]): (text: string, previous?: readonly T[]) => T[] {
  return (text, previous = []) => {
    const found = words.find((word) => word === text);
    if (found === undefined) throw new InvalidArgumentError(`It must be one of: ${words.join(", ")}.`);
    return [...previous, found];
  };
}
