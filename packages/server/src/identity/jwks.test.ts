import { exportJWK, generateKeyPair, type JWTVerifyGetKey } from "jose";
import { beforeEach, expect, test } from "vitest";
import type { Ask } from "../egress/ask.ts";
import { createKeySource, type KeySource } from "./jwks.ts";

const URL = "https://issuer.example/jwks";
let now: number;
let asked: number;
let waited: number[];
let body: string | null;
let source: KeySource;

const jwks = async (...kids: string[]): Promise<string> => {
  const keys = kids.map(async (kid) => {
    const { publicKey } = await generateKeyPair("ES256", { extractable: true });
    return { ...(await exportJWK(publicKey)), kid, alg: "ES256" };
  });
  return JSON.stringify({ keys: await Promise.all(keys) });
};
const has = async (keys: JWTVerifyGetKey | null, kid: string): Promise<boolean> => {
  if (!keys) return false;
  const token = { payload: "", signature: "" };
  return Promise.resolve(keys({ alg: "ES256", kid }, token)).then(
    () => true,
    () => false,
  );
};

beforeEach(() => {
  now = 1_000_000;
  asked = 0;
  waited = [];
  const ask: Ask = async () => {
    asked++;
    await Promise.resolve();
    return body === null
      ? { ok: false, code: "upstream_unreachable", detail: "down" }
      : { ok: true, answer: { status: 200, contentType: "application/json", body } };
  };
  const sleep = async (ms: number): Promise<void> => {
    waited.push(ms);
    now += ms;
    await Promise.resolve();
  };
  source = createKeySource({ ask, now: () => now, sleep });
});

test("keys are asked for once, by however many calls", async () => {
  body = await jwks("one");
  const all = await Promise.all(Array.from({ length: 20 }, () => source.keys(URL)));
  expect(await has(all[0] ?? null, "one")).toBe(true);
  now += 9 * 60_000;
  await source.keys(URL);
  expect(asked).toBe(1);
});

test("between ten and twenty minutes they answer at once and are renewed behind; later they are asked for first", async () => {
  body = await jwks("one");
  await source.keys(URL);
  body = await jwks("two");
  now += 11 * 60_000;
  expect(await has(await source.keys(URL), "one")).toBe(true);
  await new Promise((resolve) => setImmediate(resolve));
  expect(await has(await source.keys(URL), "two")).toBe(true);
  body = await jwks("three");
  now += 21 * 60_000;
  const keys = await source.keys(URL);
  expect([await has(keys, "two"), await has(keys, "three")]).toEqual([false, true]);
});

test("a key that is not there has the issuer asked at once, and everybody who lacked it gets the answer", async () => {
  body = await jwks("one");
  const old = await source.keys(URL);
  if (!old) throw new Error("there are keys");
  now += 5_000;
  body = await jwks("one", "two");
  const [first, second] = await Promise.all([source.otherThan(URL, old), source.otherThan(URL, old)]);
  // This one lacked the key before, and comes only now.
  const late = await source.otherThan(URL, old);
  expect(await Promise.all([first, second, late].map((keys) => has(keys, "two")))).toEqual([true, true, true]);
  expect(asked).toBe(2);
  expect(waited).toEqual([]);
});

test("the issuer is asked every three seconds at most; whoever comes sooner waits for it", async () => {
  body = await jwks("one");
  const old = await source.keys(URL);
  if (!old) throw new Error("there are keys");
  now += 1_000;
  const all = await Promise.all(Array.from({ length: 50 }, () => source.otherThan(URL, old)));
  expect(all.every((keys) => keys === null)).toBe(true);
  expect({ asked, waited }).toEqual({ asked: 2, waited: [2_000] });
  now += 1_000;
  body = await jwks("one", "two");
  expect(await has(await source.otherThan(URL, old), "two")).toBe(true);
  expect(waited).toEqual([2_000, 2_000]);
});

test("without the issuer its last keys go on for a day, and nobody waits for it over and over", async () => {
  body = await jwks("one");
  await source.keys(URL);
  body = null;
  now += 23 * 60 * 60_000;
  expect(await has(await source.keys(URL), "one")).toBe(true);
  expect(await has(await source.keys(URL), "one")).toBe(true);
  expect(asked).toBe(2);
  now += 2 * 60 * 60_000;
  expect(await source.keys(URL)).toBeNull();
  body = await jwks("two");
  now += 3_000;
  expect(await has(await source.keys(URL), "two")).toBe(true);
});

test.each(["", "[]", '{"keys":{}}', '{"keys":[{"kty":"oct","k":"c2VjcmV0","kid":"one"}]}'])(
  "%j holds no key that could be used",
  async (text) => {
    body = text;
    expect(await has(await source.keys(URL), "one")).toBe(false);
  },
);
