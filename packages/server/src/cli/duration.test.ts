import { describe, expect, test } from "vitest";
import { parseMoment, parseSeconds } from "./duration.ts";

test.each([
  ["30d", 2_592_000],
  ["12h", 43_200],
  ["5m", 300],
  ["45s", 45],
  ["1w", 604_800],
  ["3600", 3_600],
  [" 5m ", 300],
])("%s is %d seconds", (text, seconds) => {
  expect(parseSeconds(text)).toBe(seconds);
});

test.each(["", "0", "0d", "-5m", "1.5h", "5 m", "5min", "d", "1h30m", "99999999999"])("%j is no duration", (text) => {
  expect(parseSeconds(text)).toBeNull();
});

describe("moments", () => {
  const now = Date.UTC(2026, 0, 31, 12);
  test.each([
    ["2h", "2026-01-31T10:00:00.000Z"],
    ["2026-01-30", "2026-01-30T00:00:00.000Z"],
    ["2026-01-30T08:00:00Z", "2026-01-30T08:00:00.000Z"],
    ["2026-01-30T08:00:00+02:00", "2026-01-30T06:00:00.000Z"],
  ])("%s", (text, moment) => {
    expect(parseMoment(text, now)).toBe(moment);
  });
  test.each(["", "yesterday", "7200", "2026", "31.01.2026", "2026-13-01", "0h"])("%j is none", (text) => {
    expect(parseMoment(text, now)).toBeNull();
  });
});
