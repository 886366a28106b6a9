import { randomBytes } from "node:crypto";
import { UUID_PATTERN } from "@alter-vault/protocol";
import { expect, test } from "vitest";
import { createIds } from "./random.ts";

const timeOf = (id: string): number => Number.parseInt(id.replace("-", "").slice(0, 12), 16);

test("ids come one after the other, however many in a millisecond and whatever the clock does for a moment", () => {
  let now = 1_700_000_000_000;
  const newId = createIds({ now: () => now, monotonic: () => 0 }, randomBytes);
  const ids: string[] = [];
  for (let i = 0; i < 10_000; i++) ids.push(newId());
  now -= 5_000;
  ids.push(newId());
  now += 6_000;
  ids.push(newId());
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.every((id) => UUID_PATTERN.test(id))).toBe(true);
  expect(timeOf(ids.at(-1) ?? "")).toBe(now);
});

test("a clock that was set right again is believed", () => {
  let now = 1_900_000_000_000;
  const newId = createIds({ now: () => now, monotonic: () => 0 }, randomBytes);
  newId();
  now = 1_700_000_000_000;
  expect(timeOf(newId())).toBe(now);
});
