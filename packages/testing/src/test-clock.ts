/** A clock that stands still until it is told to go on. Durations are real. */
export interface TestClock {
  now(): number;
  monotonic(): number;
  advance(ms: number): void;
}

export function createTestClock(startMs: number): TestClock {
  let now = startMs;
  return {
    now: () => now,
    monotonic: () => performance.now(),
    advance(ms) {
      now += ms;
    },
  };
}
