import { coveredComponents } from "@alter-vault/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { componentsIfExactly } from "./covered-components.ts";

const name = fc.constantFrom("alter-a", "alter-b", "alter-c", "content-digest", "host", "alterx", "x-alter-a");
const headers = fc.dictionary(name, fc.option(fc.constant("value"), { nil: undefined }));
const listOf = (components: readonly string[]): string => `"${components.join('" "')}"`;

test("accepts the canonical list of the headers and no other, seen before or not", () => {
  fc.assert(
    fc.property(headers, headers, (one, other) => {
      const expected = coveredComponents(one);
      expect(componentsIfExactly(listOf(expected), one)).toEqual(expected);
      expect(componentsIfExactly(listOf(expected), one)).toEqual(expected);
      const foreign = coveredComponents(other);
      const isSame = listOf(foreign) === listOf(expected);
      expect(componentsIfExactly(listOf(foreign), one)).toEqual(isSame ? expected : null);
      expect(componentsIfExactly(listOf(expected.toReversed()), one)).toBeNull();
    }),
  );
});
