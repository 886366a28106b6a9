import { expect, test } from "vitest";
import { policy, rule } from "./builder.ts";
import { PolicyDocument, Rule } from "./document.ts";

const base = { id: "a", name: "A", scope: { app: true }, effect: { type: "deny" } };

test("a rule gets its defaults", () => {
  expect(Rule.parse(base)).toEqual({ ...base, enabled: true, when: {} });
});

test.each<[string, object]>([
  ["two scopes", { scope: { provider: "github", grant: "g" } }],
  ["no scope", { scope: {} }],
  ["an unknown condition", { when: { methods: ["GET"] } }],
  ["an unknown method", { when: { method: ["TRACE"] } }],
  ["an empty list", { when: { method: [] } }],
  ["an unless that never lets the rule apply", { unless: {} }],
  ["two comparisons", { when: { body: [{ field: "/a", equals: 1, at_most: 2 }] } }],
  ["no comparison", { when: { body: [{ field: "/a" }] } }],
  ["a field that is no pointer", { when: { body: [{ field: "a.b", equals: 1 }] } }],
  ["a bound beyond exact numbers", { when: { body: [{ field: "/a", at_most: 2 ** 60 }] } }],
  ["a host in upper case", { when: { host: ["API.example.com"] } }],
  ["an encoded path", { when: { path: ["/a%2Fb"] } }],
  ["a rest in the middle of a path", { when: { path: ["/a/**/b"] } }],
  ["a path with a query", { when: { path: ["/a?b"] } }],
  ["no such zone", { when: { time: [{ zone: "Europe/Atlantis" }] } }],
  ["an offset as zone", { when: { time: [{ zone: "+02:00" }] } }],
  ["a window of no length", { when: { time: [{ from: "09:00", to: "09:00" }] } }],
  ["approvers that are nobody", { effect: { type: "require_approval", approvers: {} } }],
  ["an effect without its numbers", { effect: { type: "rate_limit", calls: 1 } }],
])("%s is refused", (_name, over) => {
  expect(Rule.safeParse({ ...base, ...over }).success).toBe(false);
});

test.each(["/", "/a", "/a/{id}", "/a/*/b", "/a/**", "/**", "/v1.0/~me/@x"])("%s is a path", (path) => {
  expect(Rule.safeParse({ ...base, when: { path: [path] } }).success).toBe(true);
});

test("a document holds each id once, and the holidays its rules name", () => {
  expect(PolicyDocument.parse({})).toEqual({ format: 1, holidays: {}, rules: [], cedar: [] });
  expect(PolicyDocument.safeParse({ rules: [base, base] }).error?.issues[0]?.path).toEqual(["rules", 1, "id"]);
  const open = { ...base, unless: { time: [{ except_holidays: ["berlin"] }] } };
  expect(PolicyDocument.safeParse({ rules: [open] }).success).toBe(false);
  expect(PolicyDocument.safeParse({ rules: [open], holidays: { berlin: ["2026-12-25"] } }).success).toBe(true);
  expect(PolicyDocument.safeParse({ format: 2 }).success).toBe(false);
});

test("the builder makes the same data", () => {
  const built = policy({
    rules: [
      rule("hours")
        .named("Office hours", "Nothing happens at night")
        .on({ provider: "google" })
        .when({ method: ["POST"] })
        .when({ access: ["write"] })
        .unless({ time: [{ zone: "Europe/Berlin", from: "09:00", to: "17:00" }] })
        .deny("Come back in the morning"),
      rule("calm").rateLimit({ calls: 100, window_seconds: 60, per: "grant" }),
    ],
  });
  expect(built.rules[0]).toEqual({
    id: "hours",
    name: "Office hours",
    description: "Nothing happens at night",
    enabled: true,
    scope: { provider: "google" },
    effect: { type: "deny", reason: "Come back in the morning" },
    when: { method: ["POST"], access: ["write"] },
    unless: { time: [{ zone: "Europe/Berlin", from: "09:00", to: "17:00" }] },
  });
  expect(built.rules[1]?.scope).toEqual({ app: true });
  expect(() => rule("UPPER").deny()).toThrow();
});
