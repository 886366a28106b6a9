/** Time, handed in so that everything below `main` can be run at any moment a test likes. */
export interface Clock {
  /** Milliseconds since 1970: for records and for expiry. */
  now(): number;
  /** Milliseconds that only go forward: for durations. */
  monotonic(): number;
}

export function toTimestamp(ms: number): string {
  return new Date(ms).toISOString();
}
