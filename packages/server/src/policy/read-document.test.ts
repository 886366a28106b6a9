import { expect, test } from "vitest";
import { readCases, readPolicy } from "./read-document.ts";

const GOOD = `
holidays:
  berlin: [2026-12-25]
rules:
  - id: hours
    name: Office hours
    scope: { provider: google }
    effect: { type: deny, reason: Come back in the morning }
    unless:
      time: [{ zone: Europe/Berlin, from: "09:00", to: "17:00", except_holidays: [berlin] }]
`;

test("YAML and JSON say the same", () => {
  const yaml = readPolicy(GOOD);
  expect(yaml.ok).toBe(true);
  expect(readPolicy(JSON.stringify(yaml.ok && yaml.value))).toEqual(yaml);
  expect(readPolicy("")).toMatchObject({ ok: true, value: { rules: [] } });
});

test.each([
  ["a key twice", "rules: []\nrules: []", /unique/],
  ["broken YAML", "rules: [", /./],
  ["an alias", "holidays: &a {x: []}\nrules: *a", /lias/],
  ["something else", "- a\n- b", /object/],
  ["a field nobody knows", "rulez: []", /rulez/],
  [
    "a range that is none",
    GOOD.replace("time: [{ zone", "source_ip: [10.0.0.1/8]\n      time: [{ zone"),
    /no address range/,
  ],
])("%s is refused", (_name, text, message) => {
  const read = readPolicy(text);
  expect(read.ok ? "" : read.issues.map((issue) => issue.message).join()).toMatch(message);
});

test("cases", () => {
  expect(readCases("cases:\n  - { name: a, request: { url: 'https://x.example/' }, expect: deny }").ok).toBe(true);
  expect(readCases("cases: []").ok).toBe(false);
});
