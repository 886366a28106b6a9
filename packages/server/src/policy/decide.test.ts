import { expect, test } from "vitest";
import type { GrantRecord } from "../store/grant-records.ts";
import { decide, type DecisionInput } from "./decide.ts";

const grant: GrantRecord = {
  id: "g",
  appId: "a",
  secretId: "s",
  provider: "p",
  principalType: "system",
  principalId: null,
  label: null,
  status: "active",
  allowRetrieve: false,
  createdAt: 0,
  expiresAt: null,
  revokedAt: null,
  account: null,
  policy: null,
  data: null,
};
const input: DecisionInput = {
  grant,
  credential: "usable",
  mode: "proxy",
  hostAllowed: true,
  host: "api.example.com",
  nowMs: 1_000,
};

test.each<[string, Partial<DecisionInput>, string]>([
  ["all in order", {}, "allow"],
  ["expiry in the future", { grant: { ...grant, expiresAt: 1_001 } }, "allow"],
  ["expiry now", { grant: { ...grant, expiresAt: 1_000 } }, "grant_expired"],
  ["expiry in the past", { grant: { ...grant, expiresAt: 1 } }, "grant_expired"],
  ["revoked", { grant: { ...grant, status: "revoked" } }, "grant_revoked"],
  ["revoked and expired", { grant: { ...grant, status: "revoked", expiresAt: 1 } }, "grant_revoked"],
  ["deleted", { grant: { ...grant, status: "deleted" } }, "grant_deleted"],
  ["credential gone", { credential: "gone" }, "grant_deleted"],
  ["revoked, credential gone", { credential: "gone", grant: { ...grant, status: "revoked" } }, "grant_revoked"],
  ["credential dead", { credential: "dead" }, "grant_revoked"],
  ["expired and dead", { credential: "dead", grant: { ...grant, expiresAt: 1 } }, "grant_expired"],
  ["host off the list", { hostAllowed: false }, "target_host_not_allowed"],
  ["retrieve not allowed", { mode: "retrieve" }, "retrieve_not_allowed"],
  ["retrieve allowed", { mode: "retrieve", grant: { ...grant, allowRetrieve: true } }, "allow"],
  [
    "retrieve allowed, host off the list",
    { mode: "retrieve", hostAllowed: false, grant: { ...grant, allowRetrieve: true } },
    "target_host_not_allowed",
  ],
])("%s", (_name, over, expected) => {
  const decision = decide({ ...input, ...over });
  expect(decision.effect === "allow" ? "allow" : decision.code).toBe(expected);
  expect(decision.rule).toMatch(/^base/);
});
