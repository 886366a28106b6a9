import { expect, test } from "vitest";
import { overlayQuery, queryName, splitQuery } from "./query.ts";

test.each([
  ["", []],
  ["?", []],
  ["?a", ["a"]],
  ["?a=1&&b=2&", ["a=1", "", "b=2", ""]],
  ["??a=1", ["?a=1"]],
])("splits %j", (search, pieces) => {
  expect(splitQuery(search)).toEqual(pieces);
});

test.each([
  ["a=b=c", "a"],
  ["a", "a"],
  ["=a", ""],
  ["", ""],
  ["?a=1", "?a"],
  ["a+b%20c=1", "a b c"],
  ["%61", "a"],
  ["%zz=1", "%zz"],
  ["a;b=1", "a;b"],
])("%j is named %j", (piece, name) => {
  expect(queryName(piece)).toBe(name);
});

test("several pairs, one name twice", () => {
  expect(
    overlayQuery("?b=0&x=1&%62=2&c", [
      ["b", "3"],
      ["c", ""],
      ["b", "&"],
    ]),
  ).toBe("x=1&b=3&c=&b=%26");
});
