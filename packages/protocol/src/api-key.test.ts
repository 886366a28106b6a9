import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { API_KEY_PATTERN, API_KEY_RANDOM_BYTES, formatApiKey, parseApiKey } from "./api-key.ts";

const randomBytes = fc.uint8Array({ minLength: API_KEY_RANDOM_BYTES, maxLength: API_KEY_RANDOM_BYTES });
const BASE62 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".split("");

/** `text` with the character at `index` changed to another one. */
function typo(text: string, index: number, to: string): string {
  return text.slice(0, index) + to + text.slice(index + 1);
}

describe("formatApiKey and parseApiKey", () => {
  test("a key is read back into the parts it was made of", () => {
    fc.assert(
      fc.property(randomBytes, (bytes) => {
        const key = formatApiKey(bytes);
        expect(key).toMatch(API_KEY_PATTERN);
        expect(key).toHaveLength(10 + 16 + 1 + 49);
        const parts = parseApiKey(key);
        expect(parts).not.toBeNull();
        expect(`alter_key_${parts?.id}_${parts?.secret}`).toBe(key);
      }),
    );
  });

  test("the form is fixed for ever: known bytes give a known key", () => {
    expect(formatApiKey(new Uint8Array(API_KEY_RANDOM_BYTES))).toBe(
      "alter_key_0000000000000000_00000000000000000000000000000000000000000003dA7nz",
    );
  });

  test("bytes past the needed ones change nothing, too few are refused", () => {
    const bytes = Uint8Array.from({ length: API_KEY_RANDOM_BYTES + 9 }, (_, i) => (i * 37) % 256);
    expect(formatApiKey(bytes)).toBe(formatApiKey(bytes.subarray(0, API_KEY_RANDOM_BYTES)));
    expect(() => formatApiKey(bytes.subarray(0, API_KEY_RANDOM_BYTES - 1))).toThrow(TypeError);
    expect(() => formatApiKey(new Uint8Array(0))).toThrow(TypeError);
  });

  test("every byte pair reaches the key", () => {
    const zero = formatApiKey(new Uint8Array(API_KEY_RANDOM_BYTES));
    for (let pair = 0; pair < API_KEY_RANDOM_BYTES / 2; pair++) {
      const bytes = new Uint8Array(API_KEY_RANDOM_BYTES);
      bytes[2 * pair + 1] = 1;
      expect(formatApiKey(bytes)).not.toBe(zero);
    }
  });
});

describe("the checksum", () => {
  test("notices every one-character change of one key, at every place", () => {
    const key = formatApiKey(Uint8Array.from({ length: API_KEY_RANDOM_BYTES }, (_, i) => (i * 73 + 5) % 256));
    let tried = 0;
    for (let index = 0; index < key.length; index++) {
      for (const to of BASE62) {
        if (to === key[index]) continue;
        expect(parseApiKey(typo(key, index, to))).toBeNull();
        tried++;
      }
    }
    expect(tried).toBeGreaterThan(4000);
  });

  test("notices one-character changes of any key", () => {
    fc.assert(
      fc.property(randomBytes, fc.nat(75), fc.constantFrom(...BASE62, "_", "-", " "), (bytes, index, to) => {
        const key = formatApiKey(bytes);
        fc.pre(key[index] !== to);
        expect(parseApiKey(typo(key, index, to))).toBeNull();
      }),
      { numRuns: 500 },
    );
  });

  test("notices two neighbours changing places", () => {
    fc.assert(
      fc.property(randomBytes, fc.nat(74), (bytes, index) => {
        const key = formatApiKey(bytes);
        const [left = "", right = ""] = key.slice(index, index + 2);
        fc.pre(left !== right);
        expect(parseApiKey(key.slice(0, index) + right + left + key.slice(index + 2))).toBeNull();
      }),
      { numRuns: 500 },
    );
  });

  test("binds the id to the secret", () => {
    const one = parseApiKey(formatApiKey(Uint8Array.from({ length: API_KEY_RANDOM_BYTES }, (_, i) => i)));
    const two = parseApiKey(formatApiKey(Uint8Array.from({ length: API_KEY_RANDOM_BYTES }, (_, i) => 255 - i)));
    expect(parseApiKey(`alter_key_${one?.id}_${two?.secret}`)).toBeNull();
  });
});

describe("parseApiKey refuses", () => {
  const key = formatApiKey(Uint8Array.from({ length: API_KEY_RANDOM_BYTES }, (_, i) => (i * 11) % 256));
  const cases: [string, string][] = [
    ["nothing", ""],
    ["a truncated paste", key.slice(0, -1)],
    ["one character more", `${key}0`],
    ["a line break at the end", `${key}\n`],
    ["a blank in front", ` ${key}`],
    ["another prefix", key.replace("alter_key_", "other_key_")],
    ["an upper-case prefix", key.replace("alter_key_", "ALTER_KEY_")],
    ["an upper-case id", key.slice(0, 10) + key.slice(10, 26).toUpperCase() + key.slice(26)],
    ["no separator", key.slice(0, 26) + key.slice(27)],
    ["two keys", `${key}${key}`],
    ["a letter that only looks the same", key.replace("a", "\u0430")],
  ];
  test.each(cases)("%s", (_name, text) => expect(parseApiKey(text)).toBeNull());
  test("but takes the key they were made of", () => expect(parseApiKey(key)).not.toBeNull());
});
