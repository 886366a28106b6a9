import { findProvider } from "@alter-vault/providers";
import { expect, test } from "vitest";
import { grantedScopes, missingScopes, scopesAfterRefresh } from "./scopes.ts";

const token = (scopes?: readonly string[]) => ({
  accessToken: "fake-access",
  expiresAt: null,
  expiryFrom: "default" as const,
  ...(scopes ? { scopes } : {}),
});
const slack = findProvider("slack");
const github = findProvider("github");
if (!slack || !github) throw new Error("the catalogue has lost an entry");

test("what was asked for and not granted is missing", () => {
  expect(missingScopes(["a", "b"], ["b", "c"])).toEqual(["a"]);
});

test("all tokens of an answer count", () => {
  expect(grantedScopes({ main: token(["a", "b"]), others: { user: token(["b", "c"]) } })).toEqual(["a", "b", "c"]);
  expect(grantedScopes({ others: { user: token(["c"]) } })).toEqual(["c"]);
  expect(grantedScopes({ main: token([]), others: {} })).toEqual([]);
  expect(grantedScopes({ main: token(), others: { user: token() } })).toBeUndefined();
});

test("a refresh of one token takes nothing from the other", () => {
  const before = ["chat:write", "search:read"];
  expect(scopesAfterRefresh(slack, { main: token(["chat:write"]), others: {} }, before)).toEqual(before);
  expect(scopesAfterRefresh(slack, { main: token(["files:read"]), others: {} }, before)).toEqual([
    "files:read",
    "search:read",
  ]);
  const both = { main: token(["chat:write"]), others: { user: token([]) } };
  expect(scopesAfterRefresh(slack, both, before)).toEqual(["chat:write"]);
});

test("a refresh that says nothing changes nothing, one that says less takes away", () => {
  expect(scopesAfterRefresh(github, { main: token(), others: {} }, ["repo", "gist"])).toEqual(["repo", "gist"]);
  expect(scopesAfterRefresh(github, { main: token(["repo"]), others: {} }, ["repo", "gist"])).toEqual(["repo"]);
});
