import type { BodyTest, Conditions, QueryTest, TimeWindow } from "@alter-vault/protocol";
import { numberOf, type Comparison } from "../conditions/compare.ts";
import type { Condition } from "../conditions/condition.ts";
import type { Part } from "../conditions/conditions.ts";
import { bodyCondition, queryCondition } from "../conditions/field-condition.ts";
import { readRange, rangeText } from "../conditions/ip-range.ts";
import { foldTemplate, readTemplate, type PathTemplate } from "../conditions/path-template.ts";
import { readWindow, type Holidays } from "../conditions/time-condition.ts";
import { all, any, likePattern, literal, literalSet } from "./text.ts";

/** What Cedar cannot work out by itself: fields are compared here, and it gets the answers by these names. */
export type Answers = Map<string, Condition>;

export interface Printing {
  readonly part: Part;
  readonly holidays: Holidays;
  readonly answers: Answers;
}

/**
 * `when` or `unless` as one expression of Cedar. What cannot be told counts as a yes in `when` and as a no in `unless`,
 * which is how the vault decides, too.
 */
export function printConditions(given: Conditions, printing: Printing): string {
  const { part } = printing;
  const parts: (string | null)[] = [
    given.mode === undefined ? null : `action == AlterVault::Action::${literal(ACTIONS[given.mode])}`,
    given.method ? ifKnown("context has method", `${literalSet(given.method)}.contains(context.method)`, part) : null,
    given.host ? any(given.host.map(printHost)) : null,
    given.operation
      ? ifKnown("context has method && context has path", printOperation(given.operation, part), part)
      : null,
    given.access ? printAccess(given.access, part) : null,
    given.agent ? `context.agents.containsAny(${literalSet(given.agent)})` : null,
    given.user ? `context has user && ${literalSet(given.user)}.contains(context.user)` : null,
    given.groups ? `context.groups.containsAny(${literalSet(given.groups)})` : null,
    given.scopes ? printScopes(given.scopes) : null,
    given.source_ip ? ifKnown("context has source_ip", any(given.source_ip.map(printRange)), part) : null,
    given.time ? any(given.time.map((window) => printWindow(window, printing.holidays))) : null,
    given.grant_older_than_seconds === undefined
      ? null
      : `context.grant_age_ms > ${given.grant_older_than_seconds * 1000}`,
    ...Object.entries(given.claims ?? {}).map(([name, patterns]) => printClaim(name, patterns)),
    given.path ? printPaths(given.path, part) : null,
    ...(given.query ?? []).map((test) => printQuery(test, printing)),
    ...(given.body ?? []).map((test) => printBody(test, printing)),
  ];
  return all(parts.filter((one) => one !== null));
}

/** What a mode is called in Cedar. */
export const ACTIONS = { proxy: "request", retrieve: "retrieve" } as const;

/** Cedar's validator follows `if a then b`, and not `!a || b`. */
function ifKnown(known: string, expression: string, part: Part): string {
  return part === "when" ? `if ${known} then (${expression}) else true` : `${known} && (${expression})`;
}

function printHost(host: string): string {
  const [name = "", port] = host.split(":");
  const named = name.startsWith("*.") ? `context.host like ${likePattern(name)}` : `context.host == ${literal(name)}`;
  return port === undefined ? named : `${named} && context.port == ${Number(port)}`;
}

function printOperation(operations: readonly string[], part: Part): string {
  const name = part === "when" ? "folded_operation" : "operation";
  return `context has ${name} && (${any(operations.map((one) => printPattern(`context.${name}`, one)))})`;
}

function printPattern(what: string, pattern: string): string {
  const text = pattern.normalize("NFC");
  return pattern.includes("*") ? `${what} like ${likePattern(text)}` : `${what} == ${literal(text)}`;
}

function printAccess(classes: readonly string[], part: Part): string {
  return part === "when"
    ? `context.access.containsAny(${literalSet(classes)})`
    : `${literalSet(classes)}.containsAll(context.access)`;
}

function printScopes({ any: some, all: every }: NonNullable<Conditions["scopes"]>): string {
  return all([
    ...(some ? [`context.scopes.containsAny(${literalSet(some)})`] : []),
    ...(every ? [`context.scopes.containsAll(${literalSet(every)})`] : []),
  ]);
}

function printRange(text: string): string {
  const range = readRange(text);
  if (!range) throw new RangeError(`"${text}" is no address range`);
  return `context.source_ip.isInRange(ip(${literal(rangeText(range))}))`;
}

function printWindow(window: TimeWindow, holidays: Holidays): string {
  const { zone, from, to, overnight, days, closedOn } = readWindow(window, holidays);
  const clock = `context.clocks.getTag(${literal(zone)})`;
  const began = (shift: 0 | 1): string => {
    const weekdays = days.flatMap((open, day) => (open ? [(day + shift) % 7] : []));
    const date = shift === 0 ? "date" : "date_before";
    return all([
      `[${weekdays.join(", ")}].contains(${clock}.weekday)`,
      ...(closedOn.size === 0 ? [] : [`!(${literalSet([...closedOn])}.contains(${clock}.${date}))`]),
    ]);
  };
  const after = `${clock}.minute >= ${from}`;
  const before = `${clock}.minute < ${to}`;
  const within = overnight
    ? any([all([after, began(0)]), all([`${clock}.minute < ${from}`, before, began(1)])])
    : all([after, before, began(0)]);
  return `context.clocks.hasTag(${literal(zone)}) && (${within})`;
}

function printClaim(name: string, patterns: readonly string[]): string {
  const value = `context.claims.getTag(${literal(name)})`;
  return `context.claims.hasTag(${literal(name)}) && (${any(patterns.map((one) => printPattern(value, one)))})`;
}

function printPaths(paths: readonly string[], part: Part): string {
  const name = part === "when" ? "folded_path" : "path";
  const templates = paths.map((path) => (part === "when" ? foldTemplate(readTemplate(path)) : readTemplate(path)));
  return ifKnown(`context has ${name}`, any(templates.map((template) => printPath(template, `context.${name}`))), part);
}

function printPath({ segments, open }: PathTemplate, path: string): string {
  return all([
    `${path}.length ${open ? ">=" : "=="} ${segments.length}`,
    ...segments.flatMap((segment, at) =>
      segment === null ? [] : [`${path} has s${at} && ${path}.s${at} == ${literal(segment)}`],
    ),
  ]);
}

function printQuery(test: QueryTest, printing: Printing): string {
  return printField("query", test.name.normalize("NFC"), test, () => queryCondition(test, printing.part), printing);
}

function printBody(test: BodyTest, printing: Printing): string {
  return printField("body", test.field.normalize("NFC"), test, () => bodyCondition(test), printing);
}

function printField(
  where: "query" | "body",
  place: string,
  test: Comparison,
  condition: () => Condition,
  { part, answers }: Printing,
): string {
  const texts = plainTexts(test);
  if (texts) {
    const known = `context.${where}.hasTag(${literal(place)})`;
    const found = `context.${where}.getTag(${literal(place)})`;
    const some = `${found}.containsAny(${literalSet(texts)})`;
    const every = `${literalSet(texts)}.containsAll(${found})`;
    // Of a name that comes several times nobody knows which is meant.
    return ifKnown(known, where === "query" && part === "unless" ? `${some} && ${every}` : some, part);
  }
  const compiled = condition();
  const name = `${part} ${compiled.name} ${compiled.expected}${test.ignore_case ? " (in any case)" : ""}`;
  answers.set(name, compiled);
  return ifKnown(`context.answers.hasTag(${literal(name)})`, `context.answers.getTag(${literal(name)})`, part);
}

/**
 * What Cedar can compare a set of texts with. It has no words for numbers that are written as text, fractions, letter case
 * and parts of each element of a set: those comparisons are answered by the vault.
 */
function plainTexts({ equals, one_of, not, match, ignore_case }: Comparison): string[] | null {
  const expected = equals === undefined ? one_of : [equals];
  if (!expected || not || match === "all" || ignore_case) return null;
  if (expected.some((one) => one === null || numberOf(one) !== null)) return null;
  return expected.map((one) => String(one).normalize("NFC"));
}
