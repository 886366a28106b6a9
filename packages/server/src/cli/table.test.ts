import { expect, test } from "vitest";
import { printable } from "./printable.ts";
import { fields, table } from "./table.ts";

test("columns are as wide as their widest cell, and nothing trails", () => {
  const rows = [
    ["1", "first", true],
    ["1000", "ünïcödé", null],
    ["7", ["a", "b"], undefined],
  ];
  expect(table(["ID", "NAME", "ON"], rows)).toBe(
    ["ID    NAME     ON", "1     first    yes", "1000  ünïcödé  -", "7     a, b     -", ""].join("\n"),
  );
});

test("an empty list says so", () => {
  expect(table(["ID"], [])).toBe("(none)\n");
});

test("fields align their values", () => {
  expect(fields({ id: "1", longer: 0, empty: [] })).toBe("id      1\nlonger  0\nempty   -\n");
});

test("what comes from a caller cannot steer the terminal", () => {
  expect(table(["A"], [["\u001b[2Jgone\nnext"]])).toBe("A\n\\u001b[2Jgone\\u000anext\n");
  expect(printable("evil\u202Emoc.elpmaxe\u009b1m")).toBe("evil\\u202emoc.elpmaxe\\u009b1m");
  expect(printable("two\nlines\u0007", { keepLines: true })).toBe("two\nlines\\u0007");
});
