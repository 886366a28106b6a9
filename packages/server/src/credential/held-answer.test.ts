import { expect, test } from "vitest";
import { holdRejection } from "./held-answer.ts";

function recorder() {
  const seen: string[] = [];
  const sink = {
    onHeaders: (status: number) => void seen.push(`headers ${status}`),
    onData: (chunk: Buffer) => {
      seen.push(chunk.toString());
      return seen.length < 3;
    },
  };
  return { seen, sink };
}
const resume = (): void => undefined;

test("any other answer goes through as it comes, with its back pressure", () => {
  const { seen, sink } = recorder();
  const held = holdRejection(sink);
  held.onHeaders(200, {}, resume);
  expect(held.onData(Buffer.from("a"))).toBe(true);
  expect(held.onData(Buffer.from("b"))).toBe(false);
  expect(held.isHeld).toBe(false);
  expect(seen).toEqual(["headers 200", "a", "b"]);
});

test("a 401 waits, and can be forgotten", () => {
  const { seen, sink } = recorder();
  const held = holdRejection(sink);
  held.onHeaders(401, {}, resume);
  held.onData(Buffer.from("no"));
  expect(held.isHeld).toBe(true);
  expect(seen).toEqual([]);
});

test("a 401 that stands is handed on whole, once, though its memory was used again", () => {
  const { seen, sink } = recorder();
  const held = holdRejection(sink);
  held.onHeaders(401, {}, resume);
  const memory = Buffer.from("first");
  held.onData(memory);
  memory.fill("x");
  held.release();
  held.release();
  expect(seen).toEqual(["headers 401", "first"]);
});

test("a 401 that is too long is not held", () => {
  const { seen, sink } = recorder();
  const held = holdRejection(sink);
  held.onHeaders(401, {}, resume);
  held.onData(Buffer.alloc(64 * 1024));
  expect(held.isHeld).toBe(true);
  held.onData(Buffer.from("more"));
  expect(held.isHeld).toBe(false);
  expect(seen[0]).toBe("headers 401");
  expect(seen.at(-1)).toBe("more");
});
