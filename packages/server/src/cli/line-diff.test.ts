import fc from "fast-check";
import { expect, test } from "vitest";
import { lineDiff } from "./line-diff.ts";

test("says what went and what came, in its place", () => {
  expect(lineDiff(["a", "b", "c", "d"], ["a", "x", "c", "d", "e"])).toEqual(["  a", "- b", "+ x", "  c", "  d", "+ e"]);
  expect(lineDiff([], ["a"])).toEqual(["+ a"]);
  expect(lineDiff(["a"], [])).toEqual(["- a"]);
});

test("both sides can be read out of it", () => {
  const lines = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 12 });
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      const diff = lineDiff(before, after);
      const without = (sign: string): string[] =>
        diff.filter((line) => !line.startsWith(sign)).map((line) => line.slice(2));
      expect([without("+"), without("-")]).toEqual([before, after]);
    }),
  );
});
