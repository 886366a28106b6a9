import { expect, test } from "vitest";
import { createRefusalLimit } from "./refusal-limit.ts";

test("strangers' refusals are written up to the burst, then at the rate, and the rest is counted", () => {
  const limit = createRefusalLimit(10, 3);
  expect([limit.admit(0), limit.admit(0), limit.admit(0)]).toEqual([0, 0, 0]);
  expect([limit.admit(0), limit.admit(0)]).toEqual([null, null]);
  expect(limit.admit(100)).toBe(2);
  expect(limit.admit(100)).toBeNull();
  expect(limit.admit(10_000)).toBe(1);
});
