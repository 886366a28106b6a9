import fc from "fast-check";
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  coveredComponents,
  EMPTY_CONTENT_DIGEST,
  MAX_CLOCK_SKEW_SECONDS,
  normalizeAuthority,
  parseSignature,
  signatureBase,
  signatureInput,
  type SignatureParams,
  type SignedMessage,
} from "./signature.ts";

const params: SignatureParams = { created: 1_790_000_000, nonce: "fake-nonce-000000", keyId: "fakekeyid0000000" };
const headers = {
  host: "vault.example.com",
  "content-digest": EMPTY_CONTENT_DIGEST,
  "alter-method": "GET",
  "alter-target": "https://api.example.com/v1/me",
};
const goodInput = `alter=${signatureInput(coveredComponents(headers), params)}`;
const goodSignature = `alter=:${"A".repeat(43)}=:`;

function baseOf(message: SignedMessage, with_: SignatureParams = params): string {
  const components = coveredComponents(message.headers);
  return signatureBase(message, components, signatureInput(components, with_));
}

describe("coveredComponents", () => {
  test("has one fixed order: derived, digest, alter-* by name", () => {
    expect(
      coveredComponents({
        "alter-target": "t",
        "alter-app": "a",
        "content-digest": "d",
        "alter-body-digest": "b",
        "alter-body": "b",
        host: "h",
        "content-type": "application/json",
        "x-alter-not": "n",
        signature: "s",
      }),
    ).toEqual([
      "@method",
      "@authority",
      "@path",
      "@query",
      "content-digest",
      "alter-app",
      "alter-body",
      "alter-body-digest",
      "alter-target",
    ]);
  });

  test("leaves out what is not there", () => {
    expect(coveredComponents({ "content-digest": undefined, "alter-grant": undefined })).toEqual([
      "@method",
      "@authority",
      "@path",
      "@query",
    ]);
  });

  test("covers every alter-* header, whatever its name, and does not care in which order they came", () => {
    const name = fc.stringMatching(/^alter-[a-z0-9-]{1,20}$/);
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 12 }), (names) => {
        const covered = coveredComponents(Object.fromEntries(names.map((each) => [each, "x"])));
        expect(covered.slice(4)).toEqual(names.toSorted());
        expect(coveredComponents(Object.fromEntries(names.toReversed().map((each) => [each, "x"])))).toEqual(covered);
      }),
    );
  });

  test("an empty header is there all the same", () => {
    expect(coveredComponents({ "alter-reason": "" })).toContain("alter-reason");
  });
});

describe("signatureBase", () => {
  test("is written as RFC 9421, 2.5 says", () => {
    const message = { method: "POST", authority: "vault.example.com", requestTarget: "/v1/request?a=1&b=%20", headers };
    expect(baseOf(message)).toBe(
      [
        '"@method": POST',
        '"@authority": vault.example.com',
        '"@path": /v1/request',
        '"@query": ?a=1&b=%20',
        `"content-digest": ${EMPTY_CONTENT_DIGEST}`,
        '"alter-method": GET',
        '"alter-target": https://api.example.com/v1/me',
        '"@signature-params": ("@method" "@authority" "@path" "@query" "content-digest" "alter-method" "alter-target");created=1790000000;nonce="fake-nonce-000000";keyid="fakekeyid0000000";alg="hmac-sha256";tag="alter-vault-v1"',
      ].join("\n"),
    );
  });

  test.each([
    ["/p", "/p", "?"],
    ["/p?", "/p", "?"],
    ["/p??x", "/p", "??x"],
    ["/p?x#y", "/p", "?x#y"],
    ["?x", "/", "?x"],
    ["", "/", "?"],
    ["/a%2Fb/../c", "/a%2Fb/../c", "?"],
  ])("request target %j: path %j, query %j", (requestTarget, path, query) => {
    const base = baseOf({ method: "GET", authority: "a", requestTarget, headers: {} });
    expect(base.split("\n").slice(2, 4)).toEqual([`"@path": ${path}`, `"@query": ${query}`]);
  });

  test("takes blanks and tabs off the ends of a value, and nothing else", () => {
    const value = (text: string) => {
      const base = baseOf({ method: "GET", authority: "a", requestTarget: "/", headers: { "alter-reason": text } });
      return base.split("\n")[4];
    };
    expect(value(" \t a  b \t")).toBe('"alter-reason": a  b');
    expect(value("   ")).toBe('"alter-reason": ');
    expect(value("")).toBe('"alter-reason": ');
    expect(value("\u00a0a\u00a0")).toBe('"alter-reason": \u00a0a\u00a0');
  });

  test("trimming takes linear time", () => {
    const blanks = `x${" ".repeat(1_000_000)}x `;
    const message = { method: "GET", authority: "a", requestTarget: "/", headers: { "alter-reason": blanks } };
    expect(baseOf(message)).toContain(blanks.slice(0, -1));
  });
});

// What an HTTP parser lets through, with many characters that mean something in a base.
const tricky = fc.constantFrom(
  "a",
  "b",
  "A",
  '"',
  ":",
  " ",
  "?",
  "/",
  "@",
  ";",
  "=",
  "(",
  ")",
  "\t",
  "\u00a0",
  "\u00ff",
);
const value = fc.string({ unit: tricky, maxLength: 8 });
const headerNames = ["content-digest", "alter-a", "alter-b", "alter-a-b", "alter-aa"] as const;
const message: fc.Arbitrary<SignedMessage> = fc.record({
  method: fc.constantFrom("GET", "POST"),
  authority: fc.constantFrom("a", "b", "a:1", "a.b"),
  requestTarget: fc.string({ unit: fc.constantFrom("a", "/", "?", "&", "=", '"', ":", "%"), maxLength: 6 }),
  headers: fc.dictionary(fc.constantFrom(...headerNames), value, { maxKeys: 4, noNullPrototype: true }),
});
const anyParams: fc.Arbitrary<SignatureParams> = fc.record({
  created: fc.integer({ min: 1, max: 999_999_999_999 }),
  nonce: fc.stringMatching(/^[A-Za-z0-9_-]{16,64}$/),
  keyId: fc.stringMatching(/^[0-9a-z]{16}$/),
});

/** The parts of a message that the profile protects, spelled in one way. */
function meaning({ method, authority, requestTarget, headers: all }: SignedMessage): unknown {
  const cut = requestTarget.indexOf("?");
  return {
    method,
    authority,
    path: (cut === -1 ? requestTarget : requestTarget.slice(0, cut)) || "/",
    query: cut === -1 ? "?" : requestTarget.slice(cut),
    headers: Object.fromEntries(
      Object.entries(all).map(([name, text]) => [name, text?.replace(/^[ \t]+|[ \t]+$/g, "")]),
    ),
  };
}

/** Reads a base back. That this is possible for every message is what makes the base injective. */
function readBase(base: string): { meaning: unknown; input: string | undefined } {
  const lines = base.split("\n").map((line) => {
    const cut = line.indexOf('": ');
    return [line.slice(1, cut), line.slice(cut + 3)] as const;
  });
  const {
    "@method": method,
    "@authority": authority,
    "@path": path,
    "@query": query,
    "@signature-params": input,
    ...rest
  } = Object.fromEntries(lines);
  return { meaning: { method, authority, path, query, headers: rest }, input };
}

describe("two different messages never share a base", () => {
  test("because every base can be read back into its message and parameters", () => {
    fc.assert(
      fc.property(message, anyParams, (sent, with_) => {
        const read = readBase(baseOf(sent, with_));
        expect(read.meaning).toEqual(meaning(sent));
        const parsed = parseSignature(`alter=${read.input}`, goodSignature);
        expect(parsed).toMatchObject(with_);
      }),
      { numRuns: 1000 },
    );
  });

  test("tried out on pairs that differ in one place", () => {
    const nudge = fc.constantFrom<(m: SignedMessage) => SignedMessage>(
      (m) => ({ ...m, method: `${m.method}X` }),
      (m) => ({ ...m, authority: `${m.authority}x` }),
      (m) => ({ ...m, requestTarget: `/x${m.requestTarget}` }),
      (m) => ({ ...m, requestTarget: `${m.requestTarget}?x` }),
      (m) => ({ ...m, headers: { ...m.headers, "alter-new": "" } }),
      (m) => ({ ...m, headers: { ...m.headers, "alter-a": `${m.headers["alter-a"] ?? ""}x` } }),
      (m) => ({ ...m, headers: { ...m.headers, "alter-a": m.headers["alter-b"], "alter-b": m.headers["alter-a"] } }),
      (m) => ({ ...m, headers: { ...m.headers, "content-digest": undefined } }),
    );
    fc.assert(
      fc.property(message, nudge, (sent, change) => {
        const changed = change(sent);
        const same = JSON.stringify(meaning(sent)) === JSON.stringify(meaning(changed));
        expect(baseOf(changed) === baseOf(sent)).toBe(same);
      }),
      { numRuns: 1000 },
    );
  });

  test("nor do two signatures over one message that differ in a parameter", () => {
    fc.assert(
      fc.property(message, anyParams, anyParams, (sent, a, b) => {
        fc.pre(JSON.stringify(a) !== JSON.stringify(b));
        expect(baseOf(sent, a)).not.toBe(baseOf(sent, b));
      }),
    );
  });
});

describe("parseSignature", () => {
  test("reads back what signatureInput wrote", () => {
    fc.assert(
      fc.property(message, anyParams, (sent, with_) => {
        const input = signatureInput(coveredComponents(sent.headers), with_);
        expect(parseSignature(`alter=${input}`, goodSignature)).toEqual({
          ...with_,
          input,
          componentList: input.slice(1, input.indexOf(")")),
          signature: `${"A".repeat(43)}=`,
        });
      }),
    );
  });

  const replaced = (from: string, to: string): string => {
    const text = goodInput.replace(from, to);
    if (text === goodInput) throw new Error(`the case changes nothing: ${from}`);
    return text;
  };
  const list = '"@method" "@authority" "@path" "@query" "content-digest" "alter-method" "alter-target"';
  const inputAttacks: [string, string][] = [
    ["nothing", ""],
    ["two labels", `${goodInput}, other=("@method");created=1`],
    ["two labels, ours second", `other=("@method");created=1, ${goodInput}`],
    ["the same label twice, as two header lines are joined", `${goodInput}, ${goodInput}`],
    ["another label", replaced("alter=", "sig1=")],
    ["an upper-case label", replaced("alter=", "Alter=")],
    ["no label", goodInput.slice("alter=".length)],
    ["another tag", replaced("alter-vault-v1", "alter-vault-v2")],
    ["no tag", replaced(';tag="alter-vault-v1"', "")],
    ["another alg", replaced("hmac-sha256", "ed25519")],
    ["a weaker alg", replaced("hmac-sha256", "hmac-sha1")],
    ["alg in upper case", replaced("hmac-sha256", "HMAC-SHA256")],
    ["alg as a token", replaced('"hmac-sha256"', "hmac-sha256")],
    ["no alg", replaced(';alg="hmac-sha256"', "")],
    ["no nonce", replaced(`;nonce="${params.nonce}"`, "")],
    ["an empty nonce", replaced(params.nonce, "")],
    ["a nonce of 15", replaced(params.nonce, "n".repeat(15))],
    ["a nonce of 65", replaced(params.nonce, "n".repeat(65))],
    ["a nonce of 100,000", replaced(params.nonce, "n".repeat(100_000))],
    ["an escaped quote in the nonce", replaced(params.nonce, `${"n".repeat(16)}\\"`)],
    ["a quote that ends the nonce early", replaced(params.nonce, `${"n".repeat(16)}";nonce="${"m".repeat(16)}`)],
    ["a blank in the nonce", replaced(params.nonce, `${"n".repeat(16)} `)],
    ["base64 padding in the nonce", replaced(params.nonce, `${"n".repeat(16)}==`)],
    ["a nonce beyond ASCII", replaced(params.nonce, "é".repeat(16))],
    ["no keyid", replaced(`;keyid="${params.keyId}"`, "")],
    ["an empty keyid", replaced(params.keyId, "")],
    ["an upper-case keyid", replaced(params.keyId, "FAKEKEYID0000000")],
    ["a keyid of 65", replaced(params.keyId, "k".repeat(65))],
    ["no created", replaced(";created=1790000000", "")],
    ["created in the past of the epoch", replaced("1790000000", "-1790000000")],
    ["created with a sign", replaced("1790000000", "+1790000000")],
    ["created with a leading zero", replaced("1790000000", "01790000000")],
    ["created zero", replaced("1790000000", "0")],
    ["created with a fraction", replaced("1790000000", "1790000000.5")],
    ["created with an exponent", replaced("1790000000", "179e7")],
    ["created in hex", replaced("1790000000", "0x6AB14F80")],
    ["created as a string", replaced("1790000000", '"1790000000"')],
    ["created with 13 digits", replaced("1790000000", "1790000000000")],
    ["created in Arabic-Indic digits", replaced("1790000000", "١٧٩٠٠٠٠٠٠٠")],
    ["created twice", replaced(";created=1790000000", ";created=1;created=1790000000")],
    ["expires", replaced(";created=1790000000", ";created=1790000000;expires=9999999999")],
    ["expires at the end", `${goodInput};expires=9999999999`],
    ["an unknown parameter", `${goodInput};x`],
    [
      "reordered parameters",
      replaced(/;created=\d+;nonce="[^"]+"/.exec(goodInput)?.[0] ?? "-", `;nonce="${params.nonce}";created=1790000000`),
    ],
    ["blanks between the parameters", replaced(";nonce", "; nonce")],
    ["no components", replaced(list, "")],
    [";req", replaced('"@method"', '"@method";req')],
    [";sf", replaced('"content-digest"', '"content-digest";sf')],
    [";bs", replaced('"content-digest"', '"content-digest";bs')],
    [";tr", replaced('"content-digest"', '"content-digest";tr')],
    [";key", replaced('"content-digest"', '"content-digest";key="sha-256"')],
    ["@query-param", replaced('"@query"', '"@query-param";name="a"')],
    ["upper-case names", replaced('"content-digest"', '"Content-Digest"')],
    ["an upper-case derived name", replaced('"@method"', '"@METHOD"')],
    ["a component without quotes", replaced('"@method"', "@method")],
    ["an empty name", replaced('"@method"', '""')],
    ["a name of 65", replaced('"@method"', `"${"m".repeat(65)}"`)],
    ["an underscore in a name", replaced('"alter-method"', '"alter_method"')],
    ["the same component twice", replaced('"@method"', '"@method" "@method"')],
    ["the same component at both ends", replaced('"alter-target"', '"alter-target" "@method"')],
    ["two blanks in the list", replaced('"@method" ', '"@method"  ')],
    ["a blank before the list ends", replaced('"alter-target")', '"alter-target" )')],
    ["a blank where the list starts", replaced('("@method"', '( "@method"')],
    ["a tab in the list", replaced('"@method" ', '"@method"\t')],
    ["no blank in the list", replaced('"@method" "', '"@method""')],
    ["a comma in the list", replaced('"@method" ', '"@method", ')],
    ["folded", replaced('"@method" ', '"@method"\r\n ')],
    ["folded in front of a parameter", replaced(";created", "\r\n ;created")],
    ["a second list", replaced(");created", ')("@method");created')],
    ["a line of the base smuggled in", `${goodInput}\n"alter-grant": x`],
    ["a line break at the end", `${goodInput}\n`],
    ["a blank at the end", `${goodInput} `],
    ["a comma at the end", `${goodInput},`],
    ["a semicolon at the end", `${goodInput};`],
    ["a NUL at the end", `${goodInput}\0`],
    ["a blank in front", ` ${goodInput}`],
    ["a byte order mark in front", `\ufeff${goodInput}`],
  ];
  test.each(inputAttacks)("refuses in Signature-Input: %s", (_name, text) => {
    expect(parseSignature(text, goodSignature)).toBeNull();
  });

  const signatureAttacks: [string, string][] = [
    ["nothing", ""],
    ["another label", goodSignature.replace("alter", "sig1")],
    ["two labels", `${goodSignature}, other=:AAAA:`],
    ["the same label twice", `${goodSignature}, ${goodSignature}`],
    ["no colons", `alter=${"A".repeat(43)}=`],
    ["a quoted string", `alter="${"A".repeat(43)}="`],
    ["31 bytes", `alter=:${"A".repeat(42)}==:`],
    ["33 bytes", `alter=:${"A".repeat(44)}:`],
    ["no bytes", "alter=::"],
    ["no padding", `alter=:${"A".repeat(43)}:`],
    ["base64url", `alter=:${"-_".repeat(21)}A=:`],
    ["bits in the padding: a second spelling of the same bytes", `alter=:${"A".repeat(42)}B=:`],
    ["a parameter", `${goodSignature};x`],
    ["a blank inside", `alter=:${"A".repeat(20)} ${"A".repeat(22)}=:`],
    ["folded", `alter=\r\n :${"A".repeat(43)}=:`],
    ["a line break at the end", `${goodSignature}\n`],
    ["a blank at the end", `${goodSignature} `],
  ];
  test.each(signatureAttacks)("refuses in Signature: %s", (_name, text) => {
    expect(parseSignature(goodInput, text)).toBeNull();
  });

  test("but takes the two headers that those were made of", () => {
    expect(parseSignature(goodInput, goodSignature)).not.toBeNull();
  });

  test.each([16, 64])("takes a nonce of %i", (length) => {
    expect(parseSignature(replaced(params.nonce, "n".repeat(length)), goodSignature)?.nonce).toHaveLength(length);
  });

  test("no inserted, removed or changed character gives a second form of the same meaning", () => {
    const printable = fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code));
    fc.assert(
      fc.property(fc.nat(goodInput.length), fc.constantFrom(0, 1), printable, (at, skip, char) => {
        const text = goodInput.slice(0, at) + char + goodInput.slice(at + skip);
        fc.pre(text !== goodInput);
        const parsed = parseSignature(text, goodSignature);
        // What still parses says something else, in the one form that says it.
        if (parsed) {
          expect(parsed.input).not.toBe(goodInput.slice("alter=".length));
          expect(`alter=(${parsed.componentList})${signatureInput([], parsed).slice(2)}`).toBe(text);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("is not slow on hostile input", () => {
    const many = `alter=(${'"a" '.repeat(50_000)}`;
    expect(parseSignature(many, goodSignature)).toBeNull();
    expect(parseSignature(`alter=${"(".repeat(200_000)}`, goodSignature)).toBeNull();
    expect(parseSignature(goodInput, `alter=:${"A".repeat(200_000)}`)).toBeNull();
  });
});

describe("the verifier's rule: rebuild the input from the message and compare", () => {
  const names = coveredComponents(headers);
  const accepts = (components: readonly string[]): boolean => {
    const parsed = parseSignature(`alter=${signatureInput(components, params)}`, goodSignature);
    return parsed !== null && parsed.input === signatureInput(coveredComponents(headers), parsed);
  };
  test("takes the list the message asks for", () => expect(accepts(names)).toBe(true));
  test("refuses a list with any component left out", () => {
    for (const name of names) expect(accepts(names.filter((each) => each !== name))).toBe(false);
  });
  test("refuses a list with any two components changed over", () => {
    for (let i = 1; i < names.length; i++)
      expect(accepts([...names.slice(0, i - 1), names[i] ?? "", names[i - 1] ?? "", ...names.slice(i + 1)])).toBe(
        false,
      );
  });
  test("refuses a list with any component more", () => {
    for (const more of ["host", "@target-uri", "@scheme", "alter-grant", "date"]) {
      expect(accepts([...names, more])).toBe(false);
      expect(accepts([more, ...names])).toBe(false);
    }
  });
});

describe("constants and authority", () => {
  test("the digest of an empty body", () => {
    const digest = createHash("sha256").update("").digest("base64");
    expect(EMPTY_CONTENT_DIGEST).toBe(`sha-256=:${digest}:`);
  });

  test("the window is a minute", () => expect(MAX_CLOCK_SKEW_SECONDS).toBe(60));

  test.each([
    ["Vault.Example.COM", "https", "vault.example.com"],
    ["vault.example.com:443", "https", "vault.example.com"],
    ["vault.example.com:80", "https", "vault.example.com:80"],
    ["vault.example.com:80", "http", "vault.example.com"],
    ["vault.example.com:443", "http", "vault.example.com:443"],
    ["127.0.0.1:4480", "http", "127.0.0.1:4480"],
    ["127.0.0.1:8080", "http", "127.0.0.1:8080"],
    ["[::1]:443", "https", "[::1]"],
    ["[::1]:4480", "http", "[::1]:4480"],
    ["localhost:1443", "https", "localhost:1443"],
  ] as const)("%s over %s is signed as %s", (host, scheme, authority) => {
    expect(normalizeAuthority(host, scheme)).toBe(authority);
  });
});
