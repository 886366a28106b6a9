import fc from "fast-check";
import { expect, test } from "vitest";
import { repeatedKey } from "./repeated-key.ts";

test.each([
  ['{"a":1,"a":2}', "a"],
  ['{"a":1,"\\u0061":2}', "a"],
  ['{"a":{"b":1,"b":2}}', "b"],
  ['[{"a":1},{"a":1,"c":0,"a":2}]', "a"],
  ['{"":1,"":2}', ""],
  ['{"__proto__":1,"__proto__":2}', "__proto__"],
])("%s", (json, key) => expect(repeatedKey(json)).toBe(key));

test("finds nothing in what JSON.stringify makes", () => {
  const text = fc.constantFrom("a", "b", '"', "\\", ":", '":', "{", "}", ",", '\\"');
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      text,
      fc.integer(),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(text, tie("value"), { maxKeys: 3 }),
    ),
  }));
  fc.assert(fc.property(value, (one) => repeatedKey(JSON.stringify(one)) === null));
});

test("takes long text in its stride", () => {
  for (const part of ['\\"', "\\", "x", '"'])
    expect(repeatedKey(JSON.stringify({ a: part.repeat(1_000_000), b: 1 }))).toBeNull();
});
