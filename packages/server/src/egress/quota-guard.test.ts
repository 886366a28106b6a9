import { afterEach, describe, expect, test } from "vitest";
import { createQuotaGuard } from "./quota-guard.ts";
import { send, startProvider, testEgress, type Provider } from "./test-support.ts";

describe("the guard", () => {
  const later = { "retry-after": "3" };

  test("holds one quota until the provider wants to hear of it again, and lets go a little apart", () => {
    const guard = createQuotaGuard();
    expect(guard.waitMs("a", 0)).toBe(0);
    guard.heard("a", 429, later, 0);
    expect([guard.waitMs("a", 1_000), guard.waitMs("a", 1_000), guard.waitMs("a", 2_000)]).toEqual([
      2_000, 2_020, 1_040,
    ]);
    expect(guard.waitMs("b", 1_000)).toBe(0);
    expect(guard.waitMs("a", 3_000)).toBe(0);
  });

  test.each([
    ["no word about waiting", 429, {}],
    ["a word that cannot be read", 429, { "retry-after": "soon" }],
    ["another answer", 200, later],
  ])("does not hold for %s", (_name, status, headers) => {
    const guard = createQuotaGuard();
    guard.heard("a", status, headers, 0);
    expect(guard.waitMs("a", 0)).toBe(0);
  });

  test("keeps the longest wait that was asked for", () => {
    const guard = createQuotaGuard();
    guard.heard("a", 503, { "retry-after": "5" }, 0);
    guard.heard("a", 429, { "retry-after": "1" }, 0);
    expect(guard.waitMs("a", 0)).toBe(5_000);
  });
});

describe("calls", () => {
  let provider: Provider;
  afterEach(() => provider.close());

  const limited = (seconds: string): Promise<Provider> =>
    startProvider((incoming, response) => {
      incoming.resume();
      const isFirst = provider.seen.length === 1;
      response.writeHead(isFirst ? 429 : 200, isFirst ? { "retry-after": seconds } : {}).end("x");
    });

  test("of the same quota wait, those of another do not", async () => {
    provider = await limited("2");
    const egress = testEgress();
    const post = { method: "POST", body: Buffer.from("x"), quota: "grant" } as const;
    expect((await send(egress, provider.url, post)).status).toBe(429);
    expect(egress.waits).toEqual([]);
    expect((await send(egress, provider.url, { ...post, quota: "other" })).status).toBe(200);
    expect(egress.waits).toEqual([]);
    expect((await send(egress, provider.url, post)).status).toBe(200);
    expect(egress.waits).toEqual([2_000]);
    await egress.close();
  });

  test("are refused when they would have to wait for too long, and nothing is sent", async () => {
    provider = await limited("600");
    const egress = testEgress();
    const post = { method: "POST", body: Buffer.from("x"), quota: "grant" } as const;
    await send(egress, provider.url, post);
    const { outcome } = await send(egress, provider.url, post);
    expect(outcome).toMatchObject({ ok: false, code: "provider_rate_limited", retryAfterMs: 600_000, begun: false });
    expect(provider.seen).toHaveLength(1);
    await egress.close();
  });
});
