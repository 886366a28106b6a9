import fc from "fast-check";
import { expect, test } from "vitest";
import { createNonceSet } from "./nonce-set.ts";

test("a nonce of a key and a second is added once", () => {
  const set = createNonceSet(7);
  expect(set.add(100, "key", "nonce")).toBe(true);
  expect(set.add(100, "key", "nonce")).toBe(false);
  expect(set.add(101, "key", "nonce")).toBe(true);
  expect(set.add(100, "kez", "nonce")).toBe(true);
  expect(set.add(100, "key", "nonc")).toBe(true);
});

test("what is taken back was never there, and what was settled stays", () => {
  const set = createNonceSet(7);
  for (let i = 0; i < 500; i++) set.add(100, "key", `settled-${i}`);
  set.keep();
  for (let i = 0; i < 500; i++) set.add(100 + (i % 2), "key", `taken-back-${i}`);
  set.undo();
  for (let i = 0; i < 500; i++) expect(set.add(100, "key", `settled-${i}`)).toBe(false);
  for (let i = 0; i < 500; i++) expect(set.add(100 + (i % 2), "key", `taken-back-${i}`)).toBe(true);
});

test("old seconds are forgotten, younger ones are not", () => {
  const set = createNonceSet(7);
  set.add(100, "key", "old");
  set.add(101, "key", "young");
  set.keep();
  set.forget(101);
  expect(set.add(101, "key", "young")).toBe(false);
  expect(set.add(100, "key", "old")).toBe(true);
});

test("does what a Set of strings does", () => {
  const name = fc.string({ minLength: 1, maxLength: 64, unit: fc.constantFrom(..."ab_-9Z".split("")) });
  const step = fc.oneof(
    { weight: 20, arbitrary: fc.tuple(fc.constant("add" as const), fc.integer({ min: 0, max: 3 }), name, name) },
    { weight: 2, arbitrary: fc.constant(["keep"] as const) },
    { weight: 1, arbitrary: fc.constant(["undo"] as const) },
    { weight: 1, arbitrary: fc.tuple(fc.constant("forget" as const), fc.integer({ min: 0, max: 3 })) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const set = createNonceSet(7);
      let settled = new Set<string>();
      let all = new Set<string>();
      for (const one of steps) {
        if (one[0] === "add") {
          const text = `${one[1]} ${one[2]} ${one[3]}`;
          expect(set.add(one[1], one[2], one[3])).toBe(!all.has(text));
          all.add(text);
          continue;
        }
        if (one[0] === "keep") {
          set.keep();
          settled = new Set(all);
        } else if (one[0] === "undo") {
          set.undo();
          all = new Set(settled);
        } else {
          // Only what is settled is ever forgotten.
          set.keep();
          set.forget(one[1]);
          all = new Set([...all].filter((text) => Number(text[0]) >= one[1]));
          settled = new Set(all);
        }
      }
    }),
  );
});
