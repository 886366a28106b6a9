import { findProvider, type Provider } from "@alter-vault/providers";
import { expect, test } from "vitest";
import { freshness, keepAliveAt, retryAt, secondOpinionAt } from "./schedule.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

test.each<[string, number | null, number, number, string]>([
  ["never ends", null, 0, 0, "use"],
  ["an hour, just issued", HOUR, 0, 0.5, "use"],
  ["an hour, seven minutes left", HOUR, 53 * 60_000, 0, "use"],
  ["an hour, two minutes left", HOUR, 58 * 60_000, 0, "ahead"],
  ["an hour, four minutes left: the early ones only", HOUR, 56 * 60_000, 0, "use"],
  ["an hour, four minutes left: the early ones", HOUR, 56 * 60_000, 0.99, "ahead"],
  ["nine seconds left", HOUR, HOUR - 9_000, 0, "expired"],
  ["over", HOUR, HOUR + 1, 0, "expired"],
  ["a token of 30 seconds, 10 left", 30_000, 20_000, 0, "use"],
  ["a token of 30 seconds, 2 left", 30_000, 28_000, 0, "expired"],
  ["a long one is renewed ten minutes ahead at most", 60 * DAY, 60 * DAY - 11 * 60_000, 1, "use"],
])("%s", (_name, tokenExpiresAt, now, random, expected) => {
  expect(freshness({ now, tokenExpiresAt, issuedAt: 0, random })).toBe(expected);
});

const provider = (id: string): Provider => {
  const found = findProvider(id);
  if (!found) throw new Error(id);
  return found;
};
const times = { now: 0, issuedAt: 0, tokenExpiresAt: HOUR, refreshExpiresAt: null, random: 0 };

test("a grant nobody uses is refreshed halfway through the life of its refresh token", () => {
  expect(keepAliveAt(provider("microsoft"), times)).toBe(45 * DAY);
  expect(keepAliveAt(provider("microsoft"), { ...times, random: 1 })).toBe(63 * DAY);
  expect(keepAliveAt(provider("microsoft"), { ...times, refreshExpiresAt: 10 * DAY })).toBe(5 * DAY);
});

test("where refresh tokens do not end, nothing is done", () => {
  expect(keepAliveAt(provider("dropbox"), times)).toBeNull();
  expect(keepAliveAt(provider("facebook"), times)).toBeNull();
});

test("where the access token is its own proof, its end counts, and its least age", () => {
  const instagram = provider("instagram");
  expect(keepAliveAt(instagram, { ...times, tokenExpiresAt: 60 * DAY })).toBe(30 * DAY);
  expect(keepAliveAt(instagram, { ...times, tokenExpiresAt: DAY })).toBeGreaterThanOrEqual(DAY);
});

test("failures are tried again ever later, a quarter of an hour at most, and not all at once", () => {
  expect(retryAt(0, 0, 0)).toBe(1_000);
  expect(retryAt(0, 0, 1)).toBe(2_000);
  expect(retryAt(0, 3, 1)).toBe(16_000);
  expect(retryAt(0, 50, 1)).toBe(15 * 60_000);
});

test("a grant called dead is asked for again three times", () => {
  expect(secondOpinionAt(0, 0)).toBe(5 * 60_000);
  expect(secondOpinionAt(0, 1)).toBe(DAY);
  expect(secondOpinionAt(0, 2)).toBe(DAY);
  expect(secondOpinionAt(0, 3)).toBeNull();
});
