import { createSecretKey, randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { open, seal, sealedWith, type DataKey, type SealContext } from "./envelope.ts";

const key: DataKey = { id: "0190b0a0-0000-7000-8000-000000000001", key: createSecretKey(randomBytes(32)), of: "app" };
const context: SealContext = { appId: "app-1", record: "secret:1", field: "value" };
const find = (id: string) => (id === key.id ? key.key : undefined);

test("what was sealed opens again, for any bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4096 }), (plain) => {
      const opened = open(find, seal(key, plain, context, randomBytes), context);
      expect(opened.ok && Buffer.compare(opened.plain, plain)).toBe(0);
    }),
  );
});

test("every flipped bit is noticed, and nothing of the value comes back", () => {
  const sealed = seal(key, Buffer.from("fake-token-0123456789"), context, randomBytes);
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const damaged = Buffer.from(sealed);
    damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(open(find, damaged, context).ok, `bit ${bit}`).toBe(false);
  }
});

test.each([
  ["another app", { ...context, appId: "app-2" }],
  ["another record", { ...context, record: "secret:2" }],
  ["another kind of record", { ...context, record: "api_key:1" }],
  ["another field", { ...context, field: "other" }],
  ["parts that run together the same way", { appId: "app-1\0secret", record: "1", field: "value" }],
])("a value moved to %s does not open", (_name, elsewhere) => {
  expect(open(find, seal(key, Buffer.from("fake"), context, randomBytes), elsewhere)).toEqual({
    ok: false,
    reason: "tampered",
  });
});

test.each([
  ["empty", () => Buffer.alloc(0), "truncated"],
  ["cut short", (sealed: Buffer) => sealed.subarray(0, 44), "truncated"],
  ["without its last byte", (sealed: Buffer) => sealed.subarray(0, -1), "tampered"],
  ["of a later version", (sealed: Buffer) => Buffer.concat([Buffer.from([3]), sealed.subarray(1)]), "unknown_version"],
  ["said to be a user's", (sealed: Buffer) => Buffer.concat([Buffer.from([2]), sealed.subarray(1)]), "tampered"],
])("a value that is %s gets its own reason", (_name, damage, reason) => {
  expect(open(find, damage(seal(key, Buffer.from("fake"), context, randomBytes)), context)).toEqual({
    ok: false,
    reason,
  });
});

test("a value under a key that is not there says so", () => {
  expect(open(() => undefined, seal(key, Buffer.from("fake"), context, randomBytes), context)).toEqual({
    ok: false,
    reason: "unknown_key",
  });
});

test("the id of the key stands in the sealed value", () => {
  expect(sealedWith(seal(key, Buffer.from("fake"), context, randomBytes))).toBe(key.id);
});

test("the same value is never sealed to the same bytes", () => {
  const once = seal(key, Buffer.from("fake"), context, randomBytes);
  expect(Buffer.compare(once, seal(key, Buffer.from("fake"), context, randomBytes))).not.toBe(0);
});
