import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Chore } from "./chores.ts";
import { keepHouse } from "./housekeeping.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const failures: string[] = [];
const onFailure = (failure: string) => (error: unknown) => void failures.push(`${failure}: ${String(error)}`);
beforeEach(() => void failures.splice(0));

test("each chore has its own pace, and one that fails is done again", async () => {
  const done: string[] = [];
  const chore = (name: string, everyMs: number, run = async () => void done.push(name)): Chore => {
    return { everyMs, failure: `${name} failed`, run };
  };
  const broken = chore("broken", 20, () => Promise.reject(new Error("no")));
  const house = keepHouse([chore("often", 10), chore("seldom", 25), broken], onFailure);
  await vi.advanceTimersByTimeAsync(40);
  expect(done).toEqual(["often", "often", "seldom", "often", "often"]);
  expect(failures).toEqual(["broken failed: Error: no", "broken failed: Error: no"]);
  house.stop();
  await vi.advanceTimersByTimeAsync(100);
  expect(done).toHaveLength(5);
});

test("a chore that takes long is not done beside itself, and is waited for at the end", async () => {
  let begun = 0;
  let finish = (): void => undefined;
  const slow: Chore = {
    everyMs: 10,
    failure: "slow failed",
    run: () => {
      begun++;
      return new Promise<void>((resolve) => (finish = resolve));
    },
  };
  const house = keepHouse([slow], onFailure);
  await vi.advanceTimersByTimeAsync(50);
  expect(begun).toBe(1);
  finish();
  await vi.advanceTimersByTimeAsync(10);
  expect(begun).toBe(2);

  house.stop();
  let isSettled = false;
  const settled = house.settled().then(() => (isSettled = true));
  await vi.advanceTimersByTimeAsync(50);
  expect(isSettled).toBe(false);
  finish();
  await settled;
});
