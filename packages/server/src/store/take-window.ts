import { TAKE_BUCKETS, type Take, type TakeState } from "./limit-records.ts";

/** Counts by the number of their part of time; `0` holds everything of a counter without a window. */
export type Buckets = Readonly<Record<string, number>>;

export type TakenOnce =
  | { readonly ok: true; readonly buckets: Buckets; readonly state: TakeState }
  | { readonly ok: false; readonly state: TakeState };

/** One call more for a counter, if there is room. Pure: what is stored comes in, what is to be stored goes out. */
export function takeOnce({ ruleId, calls, windowMs }: Take, stored: Buckets, now: number): TakenOnce {
  const width = windowMs === null ? null : windowMs / TAKE_BUCKETS;
  const current = width === null ? 0 : Math.floor(now / width);
  // The part that began a window ago is only partly over; it counts as long as any of it may.
  const live = Object.entries(stored)
    .map(([bucket, count]) => [Number(bucket), count] as const)
    .filter(([bucket]) => width === null || (bucket >= current - TAKE_BUCKETS && bucket <= current));
  const used = live.reduce((sum, [, count]) => sum + count, 0);
  const state = (remaining: number): TakeState => ({
    ruleId,
    limit: calls,
    windowMs,
    remaining,
    resetMs: resetOf(live, width, now, remaining),
  });
  if (used >= calls) return { ok: false, state: state(0) };
  const counts = new Map(live);
  counts.set(current, (counts.get(current) ?? 0) + 1);
  return { ok: true, buckets: Object.fromEntries(counts), state: state(calls - used - 1) };
}

/** One call less, in the part of time it was counted in. */
export function giveBackOnce({ windowMs }: Take, stored: Buckets, takenAt: number): Buckets {
  const bucket = windowMs === null ? 0 : Math.floor(takenAt / (windowMs / TAKE_BUCKETS));
  const counts: Buckets = { ...stored, [bucket]: (stored[bucket] ?? 0) - 1 };
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

function resetOf(
  live: readonly (readonly [number, number])[],
  width: number | null,
  now: number,
  remaining: number,
): number {
  if (width === null) return 0;
  const buckets = live.map(([bucket]) => bucket);
  const bucket = remaining === 0 && buckets.length > 0 ? Math.min(...buckets) : Math.floor(now / width);
  return Math.max(1, Math.ceil((bucket + TAKE_BUCKETS + 1) * width - now));
}

const RUN_MEMORY_MS = 30 * 86_400_000;

/** When a counter may be forgotten. Runs and threads are endless, and over when nobody has heard of them for long. */
export function takeEndsAt({ key, windowMs }: Take, now: number): number | null {
  if (windowMs !== null) return now + 2 * windowMs;
  return /^(?:run|thread) /.test(key) ? now + RUN_MEMORY_MS : null;
}
