import type { Conditions } from "@alter-vault/protocol";
import type { PolicyFacts } from "../facts.ts";
import { accessCondition, methodCondition, operationCondition } from "./call-conditions.ts";
import { claimConditions, memberCondition, scopesCondition } from "./caller-conditions.ts";
import type { Answer, Condition, Unanswerable } from "./condition.ts";
import { bodyCondition, queryCondition } from "./field-condition.ts";
import { ageCondition, hostCondition, pathCondition, sourceCondition } from "./place-conditions.ts";
import { timeCondition, type Holidays } from "./time-condition.ts";

/** `when` or `unless`. In `unless`, a call that may be several things must be allowed to be each of them. */
export type Part = "when" | "unless";

/** In the order in which they are looked at, which is the order of the schema. */
export function compileConditions(given: Conditions, part: Part, holidays: Holidays): Condition[] {
  const { mode } = given;
  const found: (Condition | null)[] = [
    mode === undefined
      ? null
      : { name: "mode", expected: mode, test: (facts) => facts.mode === mode, actual: (facts) => facts.mode },
    given.method ? methodCondition(given.method) : null,
    given.host ? hostCondition(given.host) : null,
    given.operation ? operationCondition(given.operation, part) : null,
    given.access ? accessCondition(given.access, part) : null,
    given.agent ? memberCondition("agent", given.agent, ({ agents }) => agents) : null,
    given.user ? memberCondition("user", given.user, ({ userId }) => userId) : null,
    given.groups ? memberCondition("groups", given.groups, ({ groups }) => groups) : null,
    given.scopes ? scopesCondition(given.scopes) : null,
    given.source_ip ? sourceCondition(given.source_ip) : null,
    given.time ? timeCondition(given.time, holidays) : null,
    given.grant_older_than_seconds === undefined ? null : ageCondition(given.grant_older_than_seconds),
    ...claimConditions(given.claims ?? {}),
    given.path ? pathCondition(given.path, part) : null,
    ...(given.query ?? []).map((test) => queryCondition(test, part)),
    ...(given.body ?? []).map(bodyCondition),
  ];
  return found.filter((condition) => condition !== null);
}

/**
 * A no of any of them is a no, whatever the others say; else it cannot be told when one of them cannot.
 */
export function testAll(conditions: readonly Condition[], facts: PolicyFacts): Answer {
  let unclear: Unanswerable | null = null;
  for (const { test } of conditions) {
    const answer = test(facts);
    if (answer === false) return false;
    if (answer !== true) unclear ??= answer;
  }
  return unclear ?? true;
}
