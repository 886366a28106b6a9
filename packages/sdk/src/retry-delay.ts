import type { Problem } from "@alter-vault/protocol";

const MAX_RETRIES = 2;
const BASE_DELAY_MS = 250;
/** Asked to wait longer than this, the SDK leaves the waiting to its caller. */
const MAX_RETRY_AFTER_MS = 10_000;

/**
 * Milliseconds to wait before a refused call is sent again, or null when it must not be. Only a vault that says it did
 * nothing because it had no room is asked again, twice at most; what it says about waiting is kept.
 */
export function retryDelay(problem: Problem, retriesSoFar: number, jitter: number): number | null {
  if (!isTurnedAway(problem.code) || !problem.retryable || retriesSoFar >= MAX_RETRIES) return null;
  const askedMs = (problem.retry_after_seconds ?? 0) * 1000;
  if (askedMs > MAX_RETRY_AFTER_MS) return null;
  const backoffMs = backoff(retriesSoFar, jitter);
  // Jitter on top of what was asked, so that all who were turned away together do not come back together.
  return askedMs === 0 ? backoffMs : askedMs + backoffMs * jitter;
}

/** Whether the vault had no room, and did not look at the request. */
export function isTurnedAway(code: Problem["code"]): boolean {
  return code === "overloaded" || code === "shutting_down";
}

/** Milliseconds to wait before a request whose connection broke is sent again, or null when that was tried enough. */
export function resendDelay(retriesSoFar: number, jitter: number): number | null {
  return retriesSoFar >= MAX_RETRIES ? null : backoff(retriesSoFar, jitter);
}

function backoff(retriesSoFar: number, jitter: number): number {
  return BASE_DELAY_MS * 2 ** retriesSoFar * (0.5 + jitter / 2);
}
