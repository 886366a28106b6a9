import type { Failure } from "./call.ts";
import type { Ruling } from "./check-policies.ts";
import { nearest, slotsOf, takesOf } from "./policy/limits.ts";
import type { Soon } from "./soon.ts";
import type { LimitStore, Slot, Taken, TakeState, Wanted } from "./store/limit-records.ts";
import type { Nonce } from "./store/log-records.ts";
import type { Store } from "./store/store.ts";

/** Limits that are counted, for the calls of this process. What they count is the store's business, over all processes. */
export interface CallLimits {
  /**
   * A call within all of its limits is counted for each; a replay of one is not. Codes of a refusal: `rate_limited`,
   * `budget_exhausted`. What goes wrong while counting is thrown, and nothing must be sent then.
   */
  take(call: LimitedCall, ruling: Ruling & { readonly ok: true }): Soon<Limited>;
  /** Frees places whose calls are over all the same: the store did not answer when they were to be freed. */
  sweep(): Promise<void>;
}

export interface LimitedCall {
  readonly appId: string;
  readonly requestId: string;
  readonly nonce: Nonce | null;
}

export type Limited =
  | {
      readonly ok: true;
      readonly limit: TakeState | null;
      /** The call is over. */
      readonly release: () => Soon<void>;
      /** It was never made: as if nothing had been counted. */
      readonly giveBack: () => Soon<void>;
    }
  | { readonly ok: false; readonly replayed: false; readonly rule: string; readonly failure: Failure }
  | { readonly ok: false; readonly replayed: true };

interface LimitDeps {
  readonly store: LimitStore & Pick<Store, "isShared">;
  /** The chain that this process writes. */
  readonly holder: string;
  readonly clock: { now(): number };
  readonly sleep: (ms: number) => Promise<void>;
  readonly onFailure: (error: unknown) => void;
}

const UNLIMITED: Limited = { ok: true, limit: null, release: nothing, giveBack: nothing };

/**
 * Between processes a place is free a moment after the caller has read the end of the answer. Whoever makes one call after
 * the other would be told that it makes two at once.
 */
const AGAIN_AFTER_MS = [15, 60];

export function createCallLimits({ store, holder, clock, sleep, onFailure }: LimitDeps): CallLimits {
  /** With places that may be taken. */
  const open = new Set<string>();

  function limited(appId: string, wanted: Wanted, takenAt: number, taken: Taken): Limited {
    if (!taken.ok) {
      open.delete(wanted.callId);
      return refusal(taken);
    }
    const end = (done: Promise<void>): Promise<void> => {
      open.delete(wanted.callId);
      return done.catch(onFailure);
    };
    return {
      ok: true,
      limit: nearest(taken.states),
      release: wanted.slots.length === 0 ? nothing : () => end(store.leaveSlots(appId, wanted)),
      giveBack: () => end(store.giveBackLimits(appId, wanted, takenAt)),
    };
  }

  async function takePatiently(appId: string, wanted: Wanted, now: number): Promise<Taken> {
    let taken = await store.takeLimits(appId, wanted, now);
    for (const ms of store.isShared ? AGAIN_AFTER_MS : []) {
      if (taken.ok || taken.why !== "busy") break;
      await sleep(ms);
      taken = await store.takeLimits(appId, wanted, now);
    }
    return taken;
  }

  return {
    take({ appId, requestId, nonce }, { decision, facts }) {
      if (!decision || decision.limits.length === 0) return UNLIMITED;
      const takes = takesOf(decision.limits, facts);
      const slots = slotsOf(decision.limits, facts);
      const wanted: Wanted = { callId: requestId, holder, takes, slots, nonce };
      const now = clock.now();
      if (slots.length > 0) open.add(requestId);
      return takePatiently(appId, wanted, now).then(
        (taken) => limited(appId, wanted, now, taken),
        (error: unknown) => {
          // It may have been written; the next sweep sees to that.
          open.delete(requestId);
          throw error;
        },
      );
    },
    sweep: () => store.keepSlots(holder, [...open]),
  };
}

function refusal(taken: Taken & { readonly ok: false }): Limited {
  switch (taken.why) {
    case "replayed":
      return { ok: false, replayed: true };
    case "busy":
      return { ok: false, replayed: false, rule: taken.busy.ruleId, failure: tooMany(taken.busy) };
    case "full":
      return { ok: false, replayed: false, rule: taken.full.ruleId, failure: overLimit(taken.full) };
  }
}

function tooMany({ ruleId, calls }: Slot): Failure {
  const reason = `${calls} calls at the same time are the most the rule ${ruleId} lets through`;
  return failure("rate_limited", ruleId, reason, { retry_after_seconds: 1 });
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
