import { expect, test, vi } from "vitest";
import { HangUp } from "./hang-up.ts";

test("tells its listener once that the caller is gone", () => {
  const gone = new HangUp();
  const listener = { handleEvent: vi.fn<() => void>() };
  gone.addEventListener("abort", listener);
  expect(gone.aborted).toBe(false);
  gone.abort();
  gone.abort();
  expect(gone.aborted).toBe(true);
  expect(listener.handleEvent).toHaveBeenCalledTimes(1);
});

test("tells nobody who was taken off", () => {
  const gone = new HangUp();
  const listener = { handleEvent: vi.fn<() => void>() };
  gone.addEventListener("abort", listener);
  gone.removeEventListener("abort", listener);
  gone.abort();
  expect(listener.handleEvent).not.toHaveBeenCalled();
});
