import type { Slot, Take, TakeState } from "../store/limit-records.ts";
import type { CompiledRule } from "./compile-policy.ts";
import type { PolicyFacts } from "./facts.ts";

type CountedPer = (CompiledRule["effect"] & { type: "rate_limit" })["per"];

/**
 * Whom a limit counts for, or null when the call has nobody of the kind. Null counts for all of them together: otherwise
 * leaving out the run would be the way around a budget per run.
 */
function counted(per: CountedPer, facts: PolicyFacts): string | null {
  switch (per) {
    case "grant":
      return facts.grantId;
    case "agent":
      return facts.agents[0] ?? null;
    case "user":
      return facts.userId;
    case "app":
      return facts.appId;
    case "provider":
      return facts.provider;
    case "run":
      return facts.claims["run_id"] ?? null;
    case "thread":
      return facts.claims["thread_id"] ?? null;
  }
}

function keyOf(per: CountedPer, facts: PolicyFacts): string {
  const name = counted(per, facts);
  return name === null ? `no ${per}` : `${per} ${name}`;
}

/** What is to be counted for a call that these rules apply to. */
export function takesOf(rules: readonly CompiledRule[], facts: PolicyFacts): Take[] {
  return rules.flatMap(({ id, effect }) => {
    if (effect.type !== "rate_limit" && effect.type !== "budget") return [];
    const windowMs = effect.type === "rate_limit" ? effect.window_seconds * 1000 : null;
    return [{ ruleId: id, key: keyOf(effect.per, facts), calls: effect.calls, windowMs }];
  });
}

/** Among which calls it has to find a place. */
export function slotsOf(rules: readonly CompiledRule[], facts: PolicyFacts): Slot[] {
  return rules.flatMap(({ id, effect }) =>
    effect.type === "concurrency" ? [{ ruleId: id, key: keyOf(effect.per, facts), calls: effect.calls }] : [],
  );
}

/** The limit that is nearest to its end: what the caller should know about. */
export function nearest(states: readonly TakeState[]): TakeState | null {
  let found: TakeState | null = null;
  for (const state of states) if (!found || state.remaining < found.remaining) found = state;
  return found;
}

/** Headers of draft-ietf-httpapi-ratelimit-headers; a budget has no window. */
export function rateLimitHeaders({ ruleId, limit, windowMs, remaining, resetMs }: TakeState): [string, string][] {
  const window = windowMs === null ? "" : `;w=${windowMs / 1000}`;
  const reset = windowMs === null ? "" : `;t=${Math.ceil(resetMs / 1000)}`;
  return [
    ["ratelimit-policy", `"${ruleId}";q=${limit}${window}`],
    ["ratelimit", `"${ruleId}";r=${remaining}${reset}`],
  ];
}
