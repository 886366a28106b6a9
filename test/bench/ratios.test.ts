import { expect, test } from "vitest";
import type { Window } from "./measure.ts";
import { ratiosOf } from "./ratios.ts";
import { isSettled, median, percentile } from "./statistics.ts";
import type { SystemName } from "./systems/system.ts";

function window(rps: number, p50Ms: number, failures = 0): Window {
  return {
    rps,
    p50Ms,
    failures,
    p99Ms: 0,
    answers: 0,
    seconds: 1,
    firstFailure: null,
    cpuMicrosPerCall: null,
    systemShare: null,
    generatorShare: 0,
    upstreamShare: null,
    foreignShare: null,
  };
}

function round(injector: number, proxy: number, failures = 0): ReadonlyMap<SystemName, Window>[] {
  const direct = ["direct", window(1000, 0.1)] as const;
  return [new Map([direct, ["injector", window(injector, 0.2)], ["vault_proxy", window(proxy, 0.5, failures)]])];
}

test("ratios are taken within a round, and the middle one counts", () => {
  // The ratio of the medians would be 100 / 200.
  const rounds = [round(100, 60), round(200, 100), round(400, 300)];
  const ratios = ratiosOf({ connections: [1], rounds });
  expect(ratios).toEqual({
    proxy_vs_injector_c1: 0.6,
    added_p50_ms_c1: 0.4,
    injector_added_p50_ms_c1: 0.1,
  });
});

test("a failed call makes its ratio null, and only its own", () => {
  const ratios = ratiosOf({ connections: [1], rounds: [round(100, 60), round(100, 60, 1)] });
  expect(ratios).toMatchObject({ proxy_vs_injector_c1: null, added_p50_ms_c1: null, injector_added_p50_ms_c1: 0.1 });
});

test("the statistics", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([])).toBeNaN();
  expect(percentile([1, 2, 3, 4], 0.5)).toBe(2);
  expect(percentile([1, 2, 3, 4], 0.99)).toBe(4);
  expect(isSettled([1, 100, 98, 97], 3, 0.05)).toBe(true);
  expect(isSettled([1, 100, 90, 97], 3, 0.05)).toBe(false);
  expect(isSettled([100, 100], 3, 0.05)).toBe(false);
});
