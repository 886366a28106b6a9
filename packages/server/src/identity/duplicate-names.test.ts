import fc from "fast-check";
import { expect, test } from "vitest";
import { hasDuplicateNames } from "./duplicate-names.ts";

test.each<[string, boolean]>([
  ['{"a":1,"b":2}', false],
  ['{"a":1,"a":2}', true],
  ['{"sub":"ada","\\u0073ub":"eve"}', true],
  ['{"a":{"b":1,"b":2}}', true],
  ['{"a":{"b":1},"c":{"b":2}}', false],
  ['{"a":[{"b":1},{"b":2}]}', false],
  ['{"a":[{"b":1,"b":2}]}', true],
  ['{"a":"a","b":["a","a"]}', false],
  ['{ "a" : 1 ,\n\t"a" : 2 }', true],
  ['{"a\\"":1,"a":2}', false],
  ['{"a":"\\\\","b":"}","a":1}', true],
  ["[]", false],
  ['"a"', false],
  ['{"__proto__":1,"__proto__":2}', true],
])("%s", (json, expected) => {
  expect(hasDuplicateNames(json)).toBe(expected);
});

test("what JSON.stringify writes has no name twice, and is found out when one is added", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), fc.nat(), (object, pick) => {
      const json = JSON.stringify(object);
      expect(hasDuplicateNames(json)).toBe(false);
      const names = Object.keys(object);
      const name = JSON.stringify(names[pick % names.length]);
      expect(hasDuplicateNames(`${json.slice(0, -1)},${name}:0}`)).toBe(true);
    }),
  );
});
