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
    ["a refusal that is not about how many", 403, later],
    ["an error of its own", 500, later],
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

describe("headers that the catalogue names", () => {
  const date = "Thu, 26 Nov 2026 00:00:00 GMT";
  const unix = { remaining: "X-RateLimit-Remaining", reset: "X-RateLimit-Reset", resetFormat: "unix" } as const;
  const gone = { date, "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(Date.parse(date) / 1000 + 7) };
  const iso = { ...gone, "x-ratelimit-reset": "2026-11-26T00:00:07Z" };
  const seconds = { ...gone, "x-ratelimit-reset": "7" };

  test.each([
    ["a moment", 403, gone, unix, 7_000],
    ["a moment, with 429", 429, gone, unix, 7_000],
    ["a date", 429, iso, { ...unix, resetFormat: "iso" } as const, 7_000],
    ["seconds", 429, seconds, { ...unix, resetFormat: "seconds" } as const, 7_000],
    ["Retry-After says it better", 429, { ...gone, "retry-after": "2" }, unix, 2_000],
    [
      "there is something left: it is refused for another reason",
      403,
      { ...gone, "x-ratelimit-remaining": "5" },
      unix,
      0,
    ],
    ["it went through, whatever is left", 200, gone, unix, 0],
    ["what cannot be read", 429, { ...gone, "x-ratelimit-reset": "soon" }, unix, 0],
    ["headers nobody has named", 429, gone, undefined, 0],
  ] as const)("%s", (_name, status, headers, named, wait) => {
    const guard = createQuotaGuard();
    guard.heard("a", status, headers, 0, named);
    expect(guard.waitMs("a", 0)).toBe(wait);
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

  test("at the same time: those that wait go one after the other, and wait anew when one of them is told to", async () => {
    let tripped = 0;
    let open = 0;
    let room = 0;
    provider = await startProvider((incoming, response) => {
      incoming.resume();
      if (performance.now() < open || room === 0) {
        if (performance.now() >= open) room = 3;
        open = Math.max(open, performance.now() + 1_000);
        tripped++;
        response.writeHead(429, { "retry-after": "1" }).end("x");
      } else {
        room--;
        response.writeHead(200).end("x");
      }
    });
    const real = {
      now: () => performance.now(),
      sleep: (ms: number) => new Promise<void>((done) => setTimeout(done, ms)),
    };
    const egress = testEgress({}, real);
    const post = { method: "POST", body: Buffer.from("x"), quota: "grant" } as const;
    expect((await send(egress, provider.url, post)).status).toBe(429);
    const statuses = await Promise.all(
      Array.from({ length: 8 }, async () => (await send(egress, provider.url, post)).status),
    );
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(6);
    // Without waiting anew, all behind the third would trip.
    expect(tripped).toBeLessThanOrEqual(3);
    await egress.close();
  }, 20_000);

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
