import { createHmac, randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { hmacKey, hmacMatches } from "./hmac.ts";

const bytes = fc.uint8Array({ minLength: 0, maxLength: 64 });
const text = fc.string({ unit: "binary", maxLength: 300 });

test("agrees with node:crypto for every key and text", () => {
  fc.assert(
    fc.property(bytes, text, (key, message) => {
      const signature = createHmac("sha256", key).update(message).digest("base64");
      expect(hmacMatches(hmacKey(key), message, signature)).toBe(true);
      expect(hmacMatches(hmacKey(key), `${message}x`, signature)).toBe(false);
    }),
  );
});

test("refuses a signature with any bit changed, and one of another length", () => {
  const key = randomBytes(32);
  const right = createHmac("sha256", key).update("message").digest();
  for (let bit = 0; bit < 256; bit++) {
    const wrong = Buffer.from(right);
    wrong[bit >> 3] = (wrong[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(hmacMatches(hmacKey(key), "message", wrong.toString("base64"))).toBe(false);
  }
  expect(hmacMatches(hmacKey(key), "message", right.subarray(1).toString("base64"))).toBe(false);
  expect(hmacMatches(hmacKey(key), "message", "")).toBe(false);
});

test("takes a message that is larger than any before", () => {
  const key = randomBytes(32);
  const message = "ü".repeat(100_000);
  const signature = createHmac("sha256", key).update(message).digest("base64");
  expect(hmacMatches(hmacKey(key), message, signature)).toBe(true);
});
