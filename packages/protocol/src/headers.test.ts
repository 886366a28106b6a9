import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeJsonHeader, HEADER } from "./headers.ts";
import { coveredComponents, parseSignature, signatureInput } from "./signature.ts";

describe("encodeJsonHeader", () => {
  test.each<[string, unknown, string]>([
    ["plain", { run_id: "r1" }, '{"run_id":"r1"}'],
    ["letters beyond ASCII", "Zoë Łukasz", '"Zo\\u00eb \\u0141ukasz"'],
    ["beyond the basic plane: a surrogate pair", "🔑", '"\\ud83d\\udd11"'],
    ["line break and tab", "a\r\n\tb", '"a\\r\\n\\tb"'],
    ["control characters", "\u0000\u001f\u007f\u0080\u009f", '"\\u0000\\u001f\\u007f\\u0080\\u009f"'],
    ["what JSON leaves alone and HTTP does not", "\u2028\u00a0\ufeff", '"\\u2028\\u00a0\\ufeff"'],
    ["quotes and backslashes", 'a"b\\c', '"a\\"b\\\\c"'],
    ["a lone surrogate", "\ud800", '"\\ud800"'],
    ["pairs", [["accept", "*/*"]], '[["accept","*/*"]]'],
  ])("%s", (_name, value, text) => expect(encodeJsonHeader(value)).toBe(text));

  test("is printable ASCII and means the same, for any JSON value", () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: "binary" }), (value) => {
        const header = encodeJsonHeader(value);
        expect(header).toMatch(/^[\x20-\x7e]*$/);
        expect(JSON.parse(header)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 300 },
    );
  });

  test("has no blank at either end, so that nothing is trimmed off", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const header = encodeJsonHeader(value);
        expect(header.trim()).toBe(header);
      }),
    );
  });
});

describe("HEADER", () => {
  const names: string[] = Object.values(HEADER);

  test.each(names)("%s is lower case and starts with alter-", (name) =>
    expect(name).toMatch(/^alter-[a-z0-9]+(-[a-z0-9]+)*$/),
  );

  test("names are distinct", () => expect(new Set(names).size).toBe(names.length));

  test("each of them is covered by the signature, and the signature with all of them can be read", () => {
    const components = coveredComponents(Object.fromEntries(names.map((name) => [name, "x"])));
    for (const name of names) expect(components).toContain(name);
    const input = signatureInput(components, { created: 1, nonce: "n".repeat(16), keyId: "k" });
    expect(parseSignature(`alter=${input}`, `alter=:${"A".repeat(43)}=:`)?.input).toBe(input);
  });
});
