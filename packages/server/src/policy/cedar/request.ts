import type { CedarValueJson, Entities } from "@cedar-policy/cedar-wasm/nodejs";
import { readAddress } from "../conditions/ip-range.ts";
import { queryValues, readPointer, valuesAt, type Values } from "../conditions/field-condition.ts";
import { localClock } from "../conditions/local-time.ts";
import type { PolicyFacts } from "../facts.ts";
import ipaddr from "ipaddr.js";
import type { Answers } from "./print-conditions.ts";
import type { CedarReads } from "./reads.ts";
import { MOST_SEGMENTS } from "./schema.ts";

/** A call as Cedar sees it, as far as a policy looks at it. */
export interface CedarRequest {
  readonly context: Record<string, CedarValueJson>;
  readonly entities: Entities;
  /** What the policy looks at and cannot be told, in words; null when there is nothing of the kind. */
  readonly unclear: string | null;
}

type Tags = Record<string, CedarValueJson>;
type Clock = ReturnType<typeof localClock>;

/** Makes what is handed to Cedar. `answers` is for structured rules. */
export function cedarRequests(reads: CedarReads, answers: Answers = new Map()): (facts: PolicyFacts) => CedarRequest {
  const clocks = [...(reads.tags.get("clocks") ?? [])].map((zone): [string, Clock] => [zone, localClock(zone)]);
  const pointers = (attribute: string): [string, string[]][] =>
    [...(reads.tags.get(attribute) ?? [])].map((tag) => [tag, readPointer(tag)]);
  const [body, numbers] = [pointers("body"), pointers("numbers")];
  const names = [...(reads.tags.get("query") ?? [])];
  const claims = [...(reads.tags.get("claims") ?? [])];

  return (facts) => {
    const context: Record<string, CedarValueJson> = {};
    const entities: Entities = [];
    let unclear: string | null = null;
    const put = (name: string, value: CedarValueJson | undefined): void => {
      if (value !== undefined && reads.attributes.has(name)) context[name] = value;
    };
    const putTags = (name: string, type: string, tags: Tags): void => {
      if (!reads.attributes.has(name)) return;
      const uid = { type: `AlterVault::${type}`, id: name };
      context[name] = { __entity: uid };
      entities.push({ uid, attrs: {}, parents: [], tags });
    };
    const texts = (tags: Tags, tag: string, values: Values): void => {
      const found = "why" in values ? values : textsOf(values);
      if ("why" in found) unclear ??= found.why;
      else tags[tag] = [...found];
    };

    put("app", facts.appId);
    put("provider", facts.provider);
    put("grant", facts.grantId);
    put("secret", facts.secretId ?? undefined);
    put("agents", [...facts.agents]);
    put("user", facts.userId ?? undefined);
    put("groups", [...facts.groups]);
    put("scopes", [...facts.scopes]);
    put("method", facts.method ?? undefined);
    put("host", facts.host);
    put("port", facts.port);
    put("operation", facts.operation ?? undefined);
    put("folded_operation", facts.foldedOperation ?? undefined);
    put("access", [...facts.access]);
    put("now_ms", facts.nowMs);
    put("grant_age_ms", facts.nowMs - facts.grantCreatedAtMs);
    put("path", facts.path ? pathRecord(facts.path) : undefined);
    put("folded_path", facts.foldedPath ? pathRecord(facts.foldedPath) : undefined);
    const named = facts.method !== null && facts.path !== null;
    const source = sourceText(facts.sourceIp);
    put("source_ip", source === null ? undefined : { __extn: { fn: "ip", arg: source } });
    for (const [name, known] of [
      ["method", facts.method],
      ["path", facts.path],
      ["folded_path", facts.foldedPath],
      // What a generous server may take for a named call is not plainly none.
      ["operation", named && facts.operation === facts.foldedOperation ? "" : null],
      ["folded_operation", named ? "" : null],
      ["source_ip", source],
    ] as const) {
      if (known === null && reads.attributes.has(name)) unclear ??= `${name} is not clear`;
    }

    if (clocks.length > 0) putTags("clocks", "Clocks", clockTags(clocks, facts.nowMs));
    if (claims.length > 0) putTags("claims", "Claims", claimTags(claims, facts.claims));
    if (names.length > 0) {
      const tags: Tags = {};
      for (const name of names) texts(tags, name, queryValues(facts.query, name));
      putTags("query", "Fields", tags);
    }
    if (body.length > 0) {
      const tags: Tags = {};
      for (const [tag, segments] of body) texts(tags, tag, bodyValues(facts, segments));
      putTags("body", "Fields", tags);
    }
    if (numbers.length > 0) {
      const tags: Tags = {};
      for (const [tag, segments] of numbers) {
        const number = wholeNumber(bodyValues(facts, segments));
        if (typeof number === "object") unclear ??= number.why;
        else if (number !== undefined) tags[tag] = number;
      }
      putTags("numbers", "Numbers", tags);
    }
    if (answers.size > 0) putTags("answers", "Answers", answerTags(answers, facts));
    return { context, entities, unclear };
  };
}

function pathRecord(path: readonly string[]): CedarValueJson {
  return {
    length: path.length,
    ...Object.fromEntries(path.slice(0, MOST_SEGMENTS).map((segment, at) => [`s${at}`, segment])),
  };
}

function sourceText(ip: string | null): string | null {
  const bytes = ip === null ? null : readAddress(ip);
  return bytes && ipaddr.fromByteArray([...bytes]).toString();
}

function clockTags(clocks: readonly [string, Clock][], nowMs: number): Tags {
  return Object.fromEntries(
    clocks.map(([zone, clock]) => {
      const { minute, weekday, date, dateBefore } = clock(nowMs);
      return [zone, { minute, weekday, date, date_before: dateBefore }];
    }),
  );
}

function claimTags(names: readonly string[], claims: PolicyFacts["claims"]): Tags {
  return Object.fromEntries(names.flatMap((name) => (Object.hasOwn(claims, name) ? [[name, claims[name] ?? ""]] : [])));
}

function answerTags(answers: Answers, facts: PolicyFacts): Tags {
  return Object.fromEntries(
    [...answers].flatMap(([name, { test }]) => {
      const answer = test(facts);
      return typeof answer === "boolean" ? [[name, answer]] : [];
    }),
  );
}

function bodyValues({ body }: PolicyFacts, segments: readonly string[]): Values {
  if (body.kind === "unreadable") return { why: body.why };
  return body.kind === "none" ? [] : valuesAt(body.value, segments);
}

function textsOf(values: readonly unknown[]): readonly string[] | { readonly why: string } {
  const texts: string[] = [];
  for (const value of values) {
    if (value === null) continue;
    if (typeof value === "object") return { why: "there is no text where the rule expects one" };
    texts.push((typeof value === "string" ? value : JSON.stringify(value)).normalize("NFC"));
  }
  return texts;
}

function wholeNumber(values: Values): number | undefined | { readonly why: string } {
  if ("why" in values) return values;
  const [value, ...more] = values;
  if (value === undefined) return undefined;
  if (more.length === 0 && Number.isSafeInteger(value)) return value as number;
  return { why: "there is no whole number where the rule expects one" };
}
