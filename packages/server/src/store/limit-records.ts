import type { Nonce } from "./log-records.ts";

/** How often something was done, to be counted for one rule. */
export interface Take {
  readonly ruleId: string;
  /** Whom it counts for: `grant 0190…`. */
  readonly key: string;
  readonly calls: number;
  /** Null: for ever. */
  readonly windowMs: number | null;
}

/** A place among so many calls at the same time. */
export interface Slot {
  readonly ruleId: string;
  readonly key: string;
  readonly calls: number;
}

/** What a call needs before it may be made. */
export interface Wanted {
  readonly callId: string;
  /** The process that makes it, by the chain it writes. */
  readonly holder: string;
  readonly takes: readonly Take[];
  readonly slots: readonly Slot[];
  /** Of the signed request; null: there is none. */
  readonly nonce: Nonce | null;
}

export interface TakeState {
  readonly ruleId: string;
  readonly limit: number;
  readonly windowMs: number | null;
  readonly remaining: number;
  /** In how many milliseconds there is room again for one that has none; else until the window is empty. */
  readonly resetMs: number;
}

export type Taken =
  | { readonly ok: true; readonly states: readonly TakeState[] }
  | { readonly ok: false; readonly why: "full"; readonly full: TakeState }
  | { readonly ok: false; readonly why: "busy"; readonly busy: Slot }
  /** The nonce was used before: this is no call, and nothing was counted for it. */
  | { readonly ok: false; readonly why: "replayed" };

/** Limits that are counted: how often, and how many at the same time. */
export interface LimitStore {
  /**
   * Counts one call for each of `takes` and takes a place for each of `slots`, or does nothing when one has no room or
   * the nonce was used before. Exact, also between processes; what was counted is on the disk. A window is looked at in
   * {@link TAKE_BUCKETS} parts, and a part counts as a whole. Places are for calls that are on their way: those of a
   * process are free when it stops, or when nothing was heard of its chain for 30 seconds.
   */
  takeLimits(appId: string, wanted: Wanted, now: number): Promise<Taken>;
  /** As if it had never been taken. `takenAt` is what was `now` then. */
  giveBackLimits(appId: string, wanted: Wanted, takenAt: number): Promise<void>;
  /** The call is over. */
  leaveSlots(appId: string, wanted: Pick<Wanted, "callId" | "slots">): Promise<void>;
  /** Frees all places of this process but those of these calls. */
  keepSlots(holder: string, callIds: readonly string[]): Promise<void>;
  /** Counters of windows that ended before, and places nobody can hold any more. Returns how many counters were deleted. */
  forgetTakes(endedBefore: number, limit: number): Promise<number>;
}

export const TAKE_BUCKETS = 60;
