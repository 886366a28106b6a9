import { policy, rule } from "@alter-vault/protocol";
import type { SettingOverrides } from "@alter-vault/server";
import { afterEach, beforeEach, expect, test } from "vitest";
import { getThrough, rawCall, type RawAnswer } from "../harness/raw-call.ts";
import { startUpstream, type Upstream } from "../harness/upstream.ts";
import { startTestVault, type TestVault } from "../harness/vault.ts";

/*
 * Rules and keys that look at where a call comes from, behind proxies: the word of those that are listed counts, what
 * callers write themselves does not, and where nobody knows, nothing goes through. The tests connect from 127.0.0.1.
 */
let vault: TestVault;
let upstream: Upstream;
let grantId: string;
let apiKey: string;

beforeEach(async () => {
  upstream = await startUpstream();
});
afterEach(async () => {
  await vault.stop();
  await upstream.close();
});

async function given(settings: SettingOverrides): Promise<void> {
  vault = await startTestVault(settings);
  apiKey = vault.apiKey;
  grantId = await vault.bearer("fake-token-source-ip-0123", [upstream.origin]);
  const office = { source_ip: ["203.0.113.0/24", "2001:db8::/32"] };
  const rules = [rule("office").named("Office").unless(office).deny("Only from the office")];
  await vault.operator.call("publishPolicy", { body: { document: policy({ rules }) } });
}

function call(forwarded: string | null, more: Record<string, string> = {}): Promise<RawAnswer> {
  return rawCall(vault.url, apiKey, {
    alter: getThrough(grantId, `${upstream.origin}/x`),
    tamper({ headers }) {
      if (forwarded !== null) headers["x-forwarded-for"] = forwarded;
      Object.assign(headers, more);
    },
  });
}

async function expectDenied(answer: RawAnswer, why: RegExp): Promise<void> {
  expect(answer.problem).toMatchObject({ code: "policy_denied", rule_id: "office" });
  expect(answer.problem?.detail).toMatch(why);
  expect(upstream.calls).toEqual([]);
  expect(await vault.lastEntry()).toMatchObject({
    decision: "deny",
    rule: "office",
    code: "policy_denied",
    outcome: "none",
  });
}

const PROXIES = { ALTER_VAULT_TRUSTED_PROXIES: "127.0.0.1,10.9.0.0/16,2001:db8:ffff::/48" };
const NOT_THERE = /Only from the office/;
const UNKNOWN = /it is not known where the call comes from/;

test.each([
  ["from the office", "203.0.113.9"],
  ["whatever the caller wrote before it", "198.51.100.7, 203.0.113.9"],
  ["through three proxies", "198.51.100.7, 203.0.113.9, 10.9.0.2, 2001:db8:ffff::1"],
  ["in IPv6 clothes", "::ffff:203.0.113.9"],
  ["from IPv6, with a port", "[2001:db8::5]:443"],
])("goes through: %s", async (_name, forwarded) => {
  await given(PROXIES);
  expect((await call(forwarded)).status).toBe(200);
  expect(upstream.calls).toHaveLength(1);
});

test.each([
  ["from elsewhere", "198.51.100.7", NOT_THERE],
  ["the office is only what the caller wrote", "203.0.113.9, 198.51.100.7", NOT_THERE],
  ["and with a proxy behind it", "203.0.113.9, 198.51.100.7, 10.9.0.2", NOT_THERE],
  ["and as if a proxy had said so", "203.0.113.9, 10.9.0.9, 198.51.100.7", NOT_THERE],
  ["through a proxy nobody trusts", "203.0.113.9, 10.8.0.1", NOT_THERE],
  ["IPv4 that only looks mapped", "::203.0.113.9", UNKNOWN],
  ["no header at all", null, UNKNOWN],
  ["an empty one", "", UNKNOWN],
  ["no address", "unknown", UNKNOWN],
  ["something unreadable before a proxy", "203.0.113.9, _hidden, 10.9.0.2", UNKNOWN],
])("is denied: %s", async (_name, forwarded, why) => {
  await given(PROXIES);
  await expectDenied(await call(forwarded), why);
});

test.each<[string, SettingOverrides]>([
  ["there is no proxy", {}],
  ["whoever connects is none of them", { ALTER_VAULT_TRUSTED_PROXIES: "10.9.0.0/16" }],
])("the header is worth nothing where %s", async (_name, settings) => {
  await given(settings);
  const others = { forwarded: "for=203.0.113.9", "x-real-ip": "203.0.113.9", "true-client-ip": "203.0.113.9" };
  await expectDenied(await call("203.0.113.9", others), NOT_THERE);
});

test("a proxy that ends TLS, and no list: the last word of whoever connects, and nothing when there is none", async () => {
  await given({ ALTER_VAULT_BEHIND_TLS_PROXY: "1" });
  await expectDenied(await call("203.0.113.9, 198.51.100.7"), NOT_THERE);
  await expectDenied(await call(null), UNKNOWN);
  expect((await call("198.51.100.7, 203.0.113.9")).status).toBe(200);
});

test("a key that is bound to addresses goes by the same", async () => {
  await given(PROXIES);
  const made = await vault.operator.call("createKey", {
    body: { name: "bound", constraints: { cidrs: ["203.0.113.0/24"] } },
  });
  apiKey = made.api_key;
  for (const forwarded of [null, "198.51.100.7", "203.0.113.9, 198.51.100.7", "unknown"]) {
    expect((await call(forwarded)).problem?.code, String(forwarded)).toBe("key_address_not_allowed");
    expect(await vault.lastEntry()).toMatchObject({ decision: "deny", code: "key_address_not_allowed" });
  }
  expect(upstream.calls).toEqual([]);
  expect((await call("198.51.100.7, 203.0.113.9")).status).toBe(200);
});
