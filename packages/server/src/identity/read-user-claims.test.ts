import { expect, test } from "vitest";
import { readUserClaims } from "./read-user-claims.ts";

const claims = { user_id: "sub", email: "email", name: "name", groups: "groups" };

test("subject, profile and groups", () => {
  const payload = { sub: "ada", email: "ada@example.com", name: "Ada", groups: ["a", "b", "a"] };
  expect(readUserClaims(payload, claims)).toEqual({
    subject: "ada",
    email: "ada@example.com",
    name: "Ada",
    groups: [{ externalId: "a" }, { externalId: "b" }],
  });
  expect(readUserClaims({ sub: "ada" }, claims)).toEqual({ subject: "ada", email: null, name: null, groups: [] });
  expect(readUserClaims({ sub: "ada" }, { ...claims, groups: null })?.groups).toBeUndefined();
});

test.each<[string, unknown, { externalId: string; name?: string }[]]>([
  [
    "objects",
    [{ id: "1", name: "One" }, { name: "two" }],
    [
      { externalId: "1", name: "One" },
      { externalId: "two", name: "two" },
    ],
  ],
  ["one text", "org_1", [{ externalId: "org_1" }]],
  ["an object by id", { org_1: "admin", org_2: "member" }, [{ externalId: "org_1" }, { externalId: "org_2" }]],
  ["what is no group", [null, true, "", {}, [["a"]], 1.5], []],
  ["one too long, which is left out and not cut off", ["g".repeat(301), "ok"], [{ externalId: "ok" }]],
  ["a number", 7, [{ externalId: "7" }]],
])("groups: %s", (_name, groups, expected) => {
  expect(readUserClaims({ sub: "ada", groups }, claims)?.groups).toEqual(expected);
});

test.each<[string, unknown]>([
  ["missing", undefined],
  ["empty", ""],
  ["a list", ["ada"]],
  ["an object", { id: "ada" }],
  ["501 characters", "a".repeat(501)],
  ["a number that is rounded", Number.MAX_SAFE_INTEGER + 2],
  ["a fraction", 1.5],
  ["a control character", "ada\u0000"],
  ["half a character", "ada\ud800"],
])("a subject that is %s is nobody", (_name, sub) => {
  expect(readUserClaims({ sub }, claims)).toBeNull();
});

test("claims by name and by pointer; what is inherited is not there", () => {
  const payload = { "https://example.com/user": "ada", realm: { roles: ["a"] }, "~x/y": "eve" };
  const named = { ...claims, user_id: "https://example.com/user", groups: "/realm/roles" };
  expect(readUserClaims(payload, named)).toMatchObject({ subject: "ada", groups: [{ externalId: "a" }] });
  expect(readUserClaims(payload, { ...claims, user_id: "~x/y" })?.subject).toBe("eve");
  expect(readUserClaims(payload, { ...claims, user_id: "constructor" })).toBeNull();
});
