import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createMatcher } from "./matcher.ts";
import { makeNeedles } from "./needles.ts";
import { secretMatcher } from "./secret-matcher.ts";

const word = fc.string({ unit: fc.constantFrom(..."abcXYZ019_.~-".split("")), minLength: 1, maxLength: 40 });
const anything = fc.string({
  unit: fc.constantFrom(...'abcXYZ019_.~-+/ =%&"\\<é'.split("")),
  minLength: 1,
  maxLength: 40,
});
const secrets = fc.array(fc.oneof(word, anything), { maxLength: 3 });

/** Text with forms of the secrets in it, whole and broken off. */
function textAround(given: readonly string[]): fc.Arbitrary<string> {
  const needles = makeNeedles(given);
  const part =
    needles.length === 0
      ? fc.constant("")
      : fc
          .tuple(fc.constantFrom(...needles), fc.nat(100))
          .map(([needle, cut]) => (cut < 50 ? needle : needle.slice(0, cut % (needle.length + 1))));
  const filler = fc.oneof(
    fc.string({ maxLength: 60 }),
    fc.string({ unit: fc.constantFrom(..."ab/+ ".split("")), maxLength: 90 }),
  );
  return fc.array(fc.oneof(part, filler), { maxLength: 6 }).map((parts) => parts.join(""));
}

describe("secretMatcher", () => {
  test("finds what is found when all forms are made at once", () => {
    fc.assert(
      fc.property(
        secrets.chain((given) => fc.tuple(fc.constant(given), textAround(given))),
        ([given, text]) => {
          const late = secretMatcher(given);
          const full = createMatcher(makeNeedles(given));
          expect(late === null).toBe(full === null);
          if (!late || !full) return;
          const bytes = Buffer.from(text, "latin1");
          const latin1 = bytes.toString("latin1");
          expect(late.find(bytes)).toEqual(full.find(bytes));
          expect(late.unfinished(bytes)).toBe(full.unfinished(bytes));
          expect(late.isIn(latin1)).toBe(full.isIn(latin1));
          // A matcher that was needed once says the same as a new one.
          expect(late.find(bytes)).toEqual(full.find(bytes));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test("every form at every place of a text is found", () => {
    const secret = "fake-token-0123456789.abcdef_~";
    for (const needle of makeNeedles([secret])) {
      for (let before = 0; before <= 2 * secret.length; before++) {
        const bytes = Buffer.from(`${" ".repeat(before)}${needle} `, "latin1");
        expect(secretMatcher([secret])?.find(bytes)).toEqual([before, before + needle.length]);
        expect(secretMatcher([secret])?.isIn(bytes.toString("latin1"))).toBe(true);
      }
    }
  });

  test("short secrets are not searched for", () => {
    expect(secretMatcher(["short67", ""])).toBeNull();
    expect(secretMatcher([])).toBeNull();
  });
});
