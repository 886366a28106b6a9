/** A clock that goes with the real one, and can be sent ahead. Durations are not touched. */
export interface TestClock {
  now(): number;
  monotonic(): number;
  advance(ms: number): void;
}

export function createTestClock(): TestClock {
  let ahead = 0;
  return {
    now: () => Date.now() + ahead,
    monotonic: () => performance.now(),
    advance(ms) {
      ahead += ms;
    },
  };
}
