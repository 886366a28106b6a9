import type { Failure } from "./call.ts";
import type { Ruling } from "./check-policies.ts";
import { nearest, slotsOf, takesOf, type InFlight } from "./policy/limits.ts";
import type { Soon } from "./soon.ts";
import type { PolicyStore, TakeState } from "./store/policy-records.ts";

/** A call within all limits, counted for each. */
export type Limited =
  | { readonly ok: true; readonly limit: TakeState | null; readonly release: () => void }
  | { readonly ok: false; readonly rule: string; readonly failure: Failure };

interface LimitDeps {
  readonly store: Pick<PolicyStore, "takeLimits">;
  readonly inFlight: InFlight;
  readonly clock: { now(): number };
}

const UNLIMITED: Limited = { ok: true, limit: null, release: nothing };

/** Codes: `rate_limited`, `budget_exhausted`. What goes wrong while counting is thrown, and nothing is sent. */
export function takeLimits(
  { store, inFlight, clock }: LimitDeps,
  appId: string,
  { decision, facts }: Ruling & { readonly ok: true },
): Soon<Limited> {
  if (!decision || decision.limits.length === 0) return UNLIMITED;
  const entered = inFlight.enter(appId, slotsOf(decision.limits, facts));
  if ("full" in entered) {
    const { ruleId, calls } = entered.full;
    const reason = `${calls} calls at the same time are the most the rule ${ruleId} lets through`;
    return { ok: false, rule: ruleId, failure: failure("rate_limited", ruleId, reason, { retry_after_seconds: 1 }) };
  }
  const { release } = entered;
  const takes = takesOf(decision.limits, facts);
  if (takes.length === 0) return { ok: true, limit: null, release };
  return store.takeLimits(appId, takes, clock.now()).then(
    (taken): Limited => {
      if (taken.ok) return { ok: true, limit: nearest(taken.states), release };
      release();
      return { ok: false, rule: taken.full.ruleId, failure: overLimit(taken.full) };
    },
    (error: unknown) => {
      release();
      throw error;
    },
  );
}

function overLimit({ ruleId, limit, windowMs, remaining, resetMs }: TakeState): Failure {
  const seconds = Math.ceil(resetMs / 1000);
  const rate_limit = {
    limit,
    remaining,
    window_seconds: windowMs === null ? null : windowMs / 1000,
    reset_seconds: seconds,
  };
  if (windowMs === null) {
    return failure("budget_exhausted", ruleId, `the ${limit} calls of the rule ${ruleId} are used up`, { rate_limit });
  }
  const reason = `the rule ${ruleId} lets ${limit} calls through in ${windowMs / 1000} seconds`;
  return failure("rate_limited", ruleId, reason, { rate_limit, retry_after_seconds: seconds });
}

function failure(
  code: "rate_limited" | "budget_exhausted",
  rule: string,
  detail: string,
  details: Failure["details"],
): Failure {
  return { ok: false, code, detail, details: { rule_id: rule, policy_error: detail, ...details } };
}

function nothing(): void {}
