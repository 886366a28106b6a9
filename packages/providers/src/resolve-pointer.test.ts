import { describe, expect, test } from "vitest";
import { resolvePointer, textAt } from "./resolve-pointer.ts";

const document = { a: { b: [{ c: 1 }] }, "x/y": { "m~n": "t" }, empty: "", nothing: null, no: Number.NaN };

test.each([
  ["/a/b/0/c", 1],
  ["/x~1y/m~0n", "t"],
  ["/a/b/1/c", undefined],
  ["/a/c", undefined],
  ["/nothing/x", undefined],
  ["/constructor", undefined],
  ["/a/__proto__", undefined],
  ["/a/b/map", undefined],
])("%s", (pointer, value) => expect(resolvePointer(document, pointer)).toEqual(value));

test.each([undefined, null, "text", 3])("in %j there is nothing", (value) => {
  expect(resolvePointer(value, "/length")).toBeUndefined();
});

describe("textAt", () => {
  test.each([
    ["/a/b/0/c", "1"],
    ["/x~1y/m~0n", "t"],
    ["/empty", undefined],
    ["/nothing", undefined],
    ["/no", undefined],
    ["/a", undefined],
  ])("%s is %s", (pointer, text) => expect(textAt(document, pointer)).toBe(text));
});
