import { expect, test } from "vitest";
import { parseTemplate } from "./template.ts";

test.each([
  ["", []],
  ["plain", [{ text: "plain" }]],
  ["{a}", [{ field: "a" }]],
  ["x {a_1}{b} y", [{ text: "x " }, { field: "a_1" }, { field: "b" }, { text: " y" }]],
  ["{{a}}", [{ text: "{" }, { text: "a" }, { text: "}" }]],
  ["{{{a}}}", [{ text: "{" }, { field: "a" }, { text: "}" }]],
  ["}}{{", [{ text: "}" }, { text: "{" }]],
  ["a\nb", [{ text: "a\nb" }]],
])("%j", (template, parts) => {
  expect(parseTemplate(template)).toEqual({ ok: true, parts });
});

test.each(["{", "}", "{a", "a}", "{}", "{A}", "{1a}", "{a b}", "{{a}", "{a}}", "{{{a}}", `{${"a".repeat(41)}}`])(
  "refuses %j",
  (template) => {
    expect(parseTemplate(template)).toMatchObject({ ok: false, message: expect.stringContaining("stray") });
  },
);
