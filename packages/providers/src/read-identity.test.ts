import { expect, test } from "vitest";
import { acme } from "./acme.test-support.ts";
import { findProvider } from "./catalogue.ts";
import { readIdentity } from "./read-identity.ts";

const provider = acme();

test("parts are joined so that no two accounts look the same", () => {
  const id = (account: unknown, user: unknown): unknown => {
    const read = readIdentity(provider, { account: { id: account, name: "n" }, user: { id: user } });
    return read.ok ? read.id : read;
  };
  expect(id(7, 42)).toBe("7/42");
  expect(id("7", "42")).toBe("7/42");
  expect(id("7/4", "2")).not.toBe(id("7", "4/2"));
});

test.each([
  ["a part missing", { user: { id: 1 } }],
  ["a part null", { account: { id: null }, user: { id: 1 } }],
  ["a part empty", { account: { id: "" }, user: { id: 1 } }],
  ["a part that is an object", { account: { id: {} }, user: { id: 1 } }],
  ["nothing", undefined],
])("%s is no identity", (_name, document) => {
  expect(readIdentity(provider, document)).toMatchObject({ ok: false, detail: expect.stringContaining("/account/id") });
});

test("what people see is left out when it is missing", () => {
  expect(readIdentity(provider, { account: { id: 7, name: "Example" }, user: { id: 42 } })).toEqual({
    ok: true,
    id: "7/42",
    tenant: "Example",
  });
});

test("an optional part may be missing, the user may not", () => {
  const slack = findProvider("slack");
  if (!slack) throw new Error("slack is in the catalogue");
  const authed_user = { id: "U1" };
  expect(readIdentity(slack, { team: { id: "T1" }, enterprise: null, authed_user })).toMatchObject({ id: "/T1/U1" });
  expect(readIdentity(slack, { enterprise: { id: "E1" }, authed_user })).toMatchObject({ id: "E1//U1" });
  expect(readIdentity(slack, { team: { id: "T1" } })).toMatchObject({ ok: false });
});
