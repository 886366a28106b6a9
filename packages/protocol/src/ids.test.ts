import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatUuidV7, UUID_PATTERN, uuid } from "./ids.ts";

const millis = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const tenBytes = fc.uint8Array({ minLength: 10, maxLength: 10 });

describe("formatUuidV7", () => {
  test("makes the example of RFC 9562, appendix A.6", () => {
    const random = Uint8Array.of(0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f);
    expect(formatUuidV7(1_645_557_742_000, random)).toBe("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  });

  test("is always a version 7, variant 10 UUID that holds its time", () => {
    fc.assert(
      fc.property(millis, tenBytes, (at, random) => {
        const id = formatUuidV7(at, random);
        expect(id).toMatch(UUID_PATTERN);
        expect(id[14]).toBe("7");
        expect("89ab").toContain(id[19]);
        expect(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)).toBe(at);
      }),
    );
  });

  test("sorts by time, whatever the random part is", () => {
    fc.assert(
      fc.property(millis, millis, tenBytes, tenBytes, (a, b, x, y) => {
        fc.pre(a !== b);
        expect(formatUuidV7(a, x) < formatUuidV7(b, y)).toBe(a < b);
      }),
    );
  });

  test("keeps 74 random bits: all but the version and the variant", () => {
    const base = formatUuidV7(0, new Uint8Array(10));
    let kept = 0;
    for (let bit = 0; bit < 80; bit++) {
      const random = new Uint8Array(10);
      random[bit >> 3] = 1 << (bit & 7);
      if (formatUuidV7(0, random) !== base) kept++;
    }
    expect(kept).toBe(74);
  });

  test("reads no more than ten bytes and refuses fewer", () => {
    const random = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
    expect(formatUuidV7(7, random)).toBe(formatUuidV7(7, random.subarray(0, 10)));
    expect(() => formatUuidV7(7, random.subarray(0, 9))).toThrow(TypeError);
  });
});

describe("the uuid schema", () => {
  const good = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
  test.each([
    [good, true],
    ["919108f7-52d1-4320-9bac-f847db4148a8", true],
    [good.toUpperCase(), false],
    [good.replaceAll("-", ""), false],
    [`{${good}}`, false],
    [`${good}\n`, false],
    [` ${good}`, false],
    ["00000000-0000-0000-0000-000000000000", false],
    ["017f22e2-79b0-9cc3-98c4-dc0c0c07398f", false],
    ["017f22e2-79b0-7cc3-c8c4-dc0c0c07398f", false],
    ["", false],
  ])("%j: %s", (text, valid) => expect(uuid.safeParse(text).success).toBe(valid));
});
