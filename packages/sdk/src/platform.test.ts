import { afterEach, expect, test, vi } from "vitest";
import { platform } from "./platform.ts";

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

test("prints to standard error, where there is one", () => {
  const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  expect(platform.print("open this\n")).toBe(true);
  expect(write).toHaveBeenCalledExactlyOnceWith("open this\n");
  vi.stubGlobal("process", undefined);
  expect(platform.print("open this\n")).toBe(false);
});

test("sleeps until the time is over or the signal aborts, and never rejects", async () => {
  await platform.sleep(1, undefined);
  await platform.sleep(60_000, AbortSignal.abort("before"));
  const stop = new AbortController();
  const sleeping = platform.sleep(60_000, stop.signal);
  stop.abort("meanwhile");
  await sleeping;
});
