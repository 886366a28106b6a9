import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createMatcher, makeNeedles, Scrubber, scrubText, scrubValue, type Needle } from "./scrub.ts";

const SECRET = 'fake-token-Zq7+/x=&"é 9';
const stars = (text: string): string => "*".repeat(Buffer.byteLength(text, "latin1"));

function scrub(needles: readonly Needle[], chunks: readonly Buffer[]): { out: Buffer; count: number } {
  const scrubber = new Scrubber(createMatcher(needles));
  const parts = chunks.map((chunk) => scrubber.push(chunk));
  return { out: Buffer.concat([...parts, scrubber.end()]), count: scrubber.count };
}

const scrubWhole = (needles: readonly Needle[], body: string | Buffer): string =>
  scrub(needles, [Buffer.from(body as string)]).out.toString("utf8");

function split(body: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [...new Set(cuts.map((cut) => cut % (body.length + 1)))].toSorted((a, b) => a - b);
  return [0, ...at].map((from, i) => body.subarray(from, at[i] ?? body.length));
}

describe("makeNeedles", () => {
  const needles = makeNeedles([SECRET]);

  test.each<[string, string | Buffer]>([
    ["as it is", SECRET],
    ["in latin1", Buffer.from(SECRET, "latin1")],
    ["percent-encoded", encodeURIComponent(SECRET)],
    ["percent-encoded in lower case", encodeURIComponent(SECRET).replace(/%../g, (escape) => escape.toLowerCase())],
    ["as a form", new URLSearchParams({ a: SECRET }).toString().slice(2)],
    ["in JSON", JSON.stringify({ a: SECRET })],
    ["in JSON with \\/", JSON.stringify(SECRET).replaceAll("/", "\\/")],
    ["in ASCII JSON", JSON.stringify(SECRET).replaceAll("é", "\\u00e9")],
    ["in JSON for HTML", JSON.stringify(SECRET).replaceAll("&", "\\u0026")],
    ["in HTML", SECRET.replaceAll("&", "&amp;").replaceAll('"', "&quot;")],
    ["in hex", Buffer.from(SECRET).toString("hex")],
    ["in upper hex", Buffer.from(SECRET).toString("hex").toUpperCase()],
    ...["", "a", "ab", "abc", "user:"].flatMap((before): [string, string][] =>
      ["", "!", "!!", "!!!"].flatMap((after): [string, string][] => [
        [`base64 of ${before}…${after}`, Buffer.from(before + SECRET + after).toString("base64")],
        [`base64url of ${before}…${after}`, Buffer.from(before + SECRET + after).toString("base64url")],
      ]),
    ),
  ])("finds it %s", (_form, body) => {
    const out = scrubWhole(needles, body);
    expect(out).toContain("********");
    expect(out.replace(/[^*]/g, "").length).toBeGreaterThan(SECRET.length - 2);
  });

  test("what can be read back from masked base64 is less than a character", () => {
    const plain = "fake-token-0123456789";
    for (const before of ["", "a", "ab"]) {
      const out = scrubWhole(makeNeedles([plain]), Buffer.from(`${before}${plain}zz`).toString("base64"));
      expect(Buffer.from(out.replaceAll("*", "A"), "base64").toString("latin1")).not.toMatch(/[fk0-8]/);
    }
  });

  test("leaves out short secrets and doubles", () => {
    expect(makeNeedles(["short67", ""])).toEqual([]);
    const plain = makeNeedles(["fake-token-0123", "fake-token-0123"]);
    expect(new Set(plain).size).toBe(plain.length);
    expect(plain.filter((needle) => needle === "fake-token-0123")).toHaveLength(1);
    expect(Math.min(...makeNeedles(["12345678"]).map((needle) => needle.length))).toBe(8);
  });

  test("takes broken text", () => {
    expect(scrubWhole(makeNeedles(["fake-token-\ud800"]), `x${Buffer.from("fake-token-\ud800").toString()}y`)).toMatch(
      /^x\*+y$/,
    );
  });
});

describe("Scrubber", () => {
  const token = "fake-token-abcdefgh";
  const needles = makeNeedles([token]);

  test("a chunk without a find is the same Buffer", () => {
    const chunk = Buffer.from('{"hello":"world"}');
    expect(new Scrubber(createMatcher(needles)).push(chunk)).toBe(chunk);
    expect(new Scrubber(null).push(chunk)).toBe(chunk);
  });

  test("does not touch the chunk it was given", () => {
    const chunk = Buffer.from(`a ${token} b`);
    expect(new Scrubber(createMatcher(needles)).push(chunk).toString()).toBe(`a ${stars(token)} b`);
    expect(chunk.toString()).toBe(`a ${token} b`);
  });

  test("holds back only what may be a beginning", () => {
    const scrubber = new Scrubber(createMatcher(needles));
    expect(scrubber.push(Buffer.from("data: hello\n\n")).toString()).toBe("data: hello\n\n");
    expect(scrubber.push(Buffer.from("data: fake-to")).toString()).toBe("data: ");
    expect(scrubber.push(Buffer.from("ast\n\n")).toString()).toBe("fake-toast\n\n");
    expect(scrubber.push(Buffer.from("fake-token-abcdefg")).toString()).toBe("");
    expect(scrubber.push(Buffer.from("h!")).toString()).toBe(`${stars(token)}!`);
    expect(scrubber.count).toBe(1);
  });

  test("needles that overlap, also over chunks, leave nothing of each other", () => {
    const both: Needle[] = ["abcdefgh", "efghijkl"];
    const body = Buffer.from("x abcdefghijkl y abcdefgh z efghijkl");
    for (let at = 0; at <= body.length; at++) {
      const { out, count } = scrub(both, [body.subarray(0, at), body.subarray(at)]);
      expect(out.toString()).toBe("x ************ y ******** z ********");
      expect(count).toBe(3);
    }
  });

  test("a needle inside of another one, or of a beginning that does not come true", () => {
    const both: Needle[] = ["xxabcdefghyy", "abcdefgh"];
    for (const [body, expected] of [
      ["xxabcdefghyy", "************"],
      ["xxabcdefghyz", "xx********yz"],
      ["xxabcdefgh", "xx********"],
    ] as const) {
      for (let at = 0; at <= body.length; at++) {
        const { out, count } = scrub(both, [Buffer.from(body.slice(0, at)), Buffer.from(body.slice(at))]);
        expect(out.toString()).toBe(expected);
        expect(count).toBe(1);
      }
    }
  });

  const filler = fc.string({ unit: fc.constantFrom("a", "b", "f", "k", "-", "{", '"', "0", "e", "\n"), maxLength: 60 });

  test("property: planted secrets go, everything else stays", () => {
    const secrets = fc.array(
      fc.string({ unit: fc.constantFrom("f", "a", "k", "e", "-", "0", "+", "/"), minLength: 8, maxLength: 40 }),
      { minLength: 1, maxLength: 3 },
    );
    fc.assert(
      fc.property(
        secrets,
        fc.array(filler, { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        fc.nat(),
        (given, fillers, cuts, seed) => {
          const list = makeNeedles(given);
          const planted = fillers.map((text, i) => text + (list[(seed + i * 7) % list.length] ?? "")).join("~~");
          const body = Buffer.from(planted, "latin1");
          const { out, count } = scrub(list, split(body, cuts));
          const text = out.toString("latin1");
          expect(out.length).toBe(body.length);
          for (const needle of list) expect(text.includes(needle)).toBe(false);
          expect(text).toBe(reference(planted, list).text);
          expect(count).toBe(reference(planted, list).count);
          expect(scrubValue(planted, createMatcher(list))).toEqual({ text, count });
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("property: bytes without a needle pass unchanged", () => {
    const list = makeNeedles(["fake-token-abcdefgh", "another-fake-one"]);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat(), { maxLength: 12 }), (bytes, cuts) => {
        const body = Buffer.from(bytes);
        const { out, count } = scrub(list, split(body, cuts));
        expect(out.equals(body)).toBe(true);
        expect(count).toBe(0);
      }),
      { numRuns: 1000 },
    );
  });

  test("long needles are found, too", () => {
    const long = "fake-".repeat(400);
    const list = makeNeedles([long]);
    const body = Buffer.from(`start ${long} middle ${Buffer.from(long).toString("hex")} end`);
    const { out, count } = scrub(list, split(body, [1000, 2000, 3000]));
    expect(scrubValue(body.toString("latin1"), createMatcher(list))).toEqual({ text: out.toString(), count: 2 });
    expect(out.toString()).toMatch(/^start \*{2000} middle \*{4000} end$/);
    expect(count).toBe(2);
  });
});

/** The slow and plain way: mark every byte of every occurrence. */
function reference(text: string, needles: readonly Needle[]): { text: string; count: number } {
  const finds = needles.flatMap((needle) => {
    const starts: [number, number][] = [];
    for (let at = text.indexOf(needle); at !== -1; at = text.indexOf(needle, at + 1))
      starts.push([at, at + needle.length]);
    return starts;
  });
  const chars = text.split("");
  let count = 0;
  let reached = 0;
  for (const [start, end] of finds.toSorted((a, b) => a[0] - b[0])) {
    if (start >= reached) count++;
    reached = Math.max(reached, end);
    chars.fill("*", start, end);
  }
  return { text: chars.join(""), count };
}

describe("scrubText", () => {
  const needles = makeNeedles([SECRET, "пароль-1234"]);

  test.each([
    ["nothing here", "nothing here"],
    ["ends like f", "ends like f"],
    [`Bearer ${SECRET}`, `Bearer ${stars(SECRET)}`],
    ["naïve ☃", "naïve ☃"],
    [`☃ ${encodeURIComponent("пароль-1234")}`, `☃ ${"*".repeat(encodeURIComponent("пароль-1234").length)}`],
    ["пароль-1234!", `${"*".repeat(17)}!`],
  ])("%j", (text, expected) => {
    expect(scrubText(text, needles)).toBe(expected);
    expect(scrubText(text, [])).toBe(text);
  });
});
