import { expect, test } from "vitest";
import { withinTime } from "./time-limit.ts";

test("what ends in time gives its value", () => {
  expect(withinTime(1_000, () => ["a"])).toEqual({ ok: true, value: ["a"] });
});

test("a regular expression that never ends is ended", () => {
  const endless = /^(a+)+$/;
  expect(withinTime(20, () => endless.test(`${"a".repeat(50)}b`))).toEqual({ ok: false });
  expect(withinTime(1_000, () => endless.test("aaa"))).toEqual({ ok: true, value: true });
});

test("an exception goes through", () => {
  const fail = (): never => {
    throw new TypeError("for the test");
  };
  expect(() => withinTime(1_000, fail)).toThrow(TypeError);
});
