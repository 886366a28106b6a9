import { describe, expect, test } from "vitest";
import type { ApiKeyRecord } from "../store/store.ts";
import { apiKeyRecord } from "./api-key.test-support.ts";
import { checkKeyUse, createKeyRates, isCidr } from "./key-use.ts";

const uses = (over: Partial<ApiKeyRecord>, address: string | null, now = 0, rates = createKeyRates()) => {
  const use = checkKeyUse(rates, apiKeyRecord(over), address, now);
  return use.ok ? "ok" : use.code;
};

test.each<[string | null, string[], string]>([
  ["10.1.2.3", ["10.0.0.0/8"], "ok"],
  ["11.1.2.3", ["10.0.0.0/8"], "key_address_not_allowed"],
  ["::ffff:10.1.2.3", ["10.0.0.0/8"], "ok"],
  ["10.1.2.3", ["10.1.2.3"], "ok"],
  ["10.1.2.4", ["10.1.2.3"], "key_address_not_allowed"],
  ["2001:db8::1", ["2001:db8::/32"], "ok"],
  ["2001:db9::1", ["2001:db8::/32", "0.0.0.0/0"], "key_address_not_allowed"],
  ["2001:0db8:0:0:0:0:0:1", ["2001:db8::1"], "ok"],
  [null, ["0.0.0.0/0", "::/0"], "key_address_not_allowed"],
  ["unix socket", ["0.0.0.0/0", "::/0"], "key_address_not_allowed"],
  ["10.1.2.3", ["10.0.0.0/99"], "key_address_not_allowed"],
])("%s within %j: %s", (address, cidrs, expected) => {
  expect(uses({ cidrs }, address)).toBe(expected);
});

test("what is no range is seen before it is stored", () => {
  const ranges = ["10.0.0.0/8", "10.0.0.1", "2001:db8::/32", "::1"];
  expect(ranges.map(isCidr)).toEqual(ranges.map(() => true));
  expect(["10.0.0.0/99", ":", "a.b", "2001:db8::/129"].map(isCidr)).toEqual([false, false, false, false]);
});

describe("a rate", () => {
  test("is never more than so many in any minute, and says when there is room again", () => {
    const rates = createKeyRates();
    expect([0, 1_000, 2_000].map((now) => rates.take("key", 3, now))).toEqual([null, null, null]);
    expect(rates.take("key", 3, 2_500)).toBe(57_500);
    expect(rates.take("key", 3, 59_999)).toBe(1);
    expect(rates.take("key", 3, 60_000)).toBeNull();
    expect(rates.take("key", 3, 60_001)).toBe(999);
    expect(rates.take("other", 3, 60_001)).toBeNull();
  });

  test("is told with the seconds to wait", () => {
    const rates = createKeyRates();
    expect(uses({ requestsPerMinute: 1 }, null, 0, rates)).toBe("ok");
    const use = checkKeyUse(rates, apiKeyRecord({ requestsPerMinute: 1 }), null, 500);
    expect(use).toMatchObject({ ok: false, code: "rate_limited", details: { retry_after_seconds: 60 } });
  });

  test("costs the same for a key with many uses", () => {
    const rates = createKeyRates();
    for (let i = 0; i < 100_000; i++) rates.take("key", 100_000, i / 10);
    expect(rates.take("key", 100_000, 10_000)).toBe(50_000);
  });
});
