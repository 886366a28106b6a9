import fc from "fast-check";
import { createSigner, createVerifier, httpbis, type Request } from "http-message-signatures";
import { createHash, createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { encodeJsonHeader } from "./headers.ts";
import {
  coveredComponents,
  parseSignature,
  signatureBase,
  signatureInput,
  type SignatureParams,
  type SignedMessage,
} from "./signature.ts";

/*
 * Our signatures against the world outside: the vectors of the RFCs, and another implementation in both directions. The
 * profile only narrows RFC 9421, so whoever has the key can verify our messages with any conforming library.
 */
const hmac = (key: Buffer, base: string): string => createHmac("sha256", key).update(base).digest("base64");
const sha256 = (content: string): string => createHash("sha256").update(content).digest("base64");

describe("the vectors of RFC 9421", () => {
  const testRequest: SignedMessage = {
    method: "POST",
    authority: "example.com",
    requestTarget: "/foo?param=Value&Pet=dog",
    headers: {
      host: "example.com",
      date: "Tue, 20 Apr 2021 02:07:55 GMT",
      "content-type": "application/json",
      "content-digest":
        "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:",
      "content-length": "18",
    },
  };

  // The shared secret printed in B.1.5, for everybody.
  const sharedSecret = Buffer.from(
    "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==",
    "base64",
  );

  test("B.2.5: a request signed with hmac-sha256", () => {
    const components = ["date", "@authority", "content-type"];
    const input = '("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"';
    const base = signatureBase(testRequest, components, input);
    expect(base).toBe(
      [
        '"date": Tue, 20 Apr 2021 02:07:55 GMT',
        '"@authority": example.com',
        '"content-type": application/json',
        `"@signature-params": ${input}`,
      ].join("\n"),
    );
    expect(hmac(sharedSecret, base)).toBe("pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=");
  });

  test("2.5: a signature base with method, authority, path and fields", () => {
    const components = ["@method", "@authority", "@path", "content-digest", "content-length", "content-type"];
    const input = `(${components.map((name) => `"${name}"`).join(" ")});created=1618884473;keyid="test-key-rsa-pss"`;
    expect(signatureBase(testRequest, components, input).split("\n")).toEqual([
      '"@method": POST',
      '"@authority": example.com',
      '"@path": /foo',
      `"content-digest": ${testRequest.headers["content-digest"]}`,
      '"content-length": 18',
      '"content-type": application/json',
      `"@signature-params": ${input}`,
    ]);
  });

  test.each([
    ["/path?param=value&foo=bar&baz=batman", "?param=value&foo=bar&baz=batman"],
    ["/path?queryString", "?queryString"],
    ["/path?", "?"],
    ["/path", "?"],
  ])("2.2.7: @query of %s", (requestTarget, query) => {
    const base = signatureBase({ ...testRequest, requestTarget }, ["@path", "@query"], "()");
    expect(base).toBe(`"@path": /path\n"@query": ${query}\n"@signature-params": ()`);
  });

  test("and none of them is of our profile", () => {
    const input = 'sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"';
    expect(parseSignature(input, "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:")).toBeNull();
  });
});

test.each([
  ['{"hello": "world"}', "X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE="],
  ['{"hello": "world"}\n', "RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg="],
])("RFC 9530: the sha-256 digest of %j", (content, digest) => {
  expect(sha256(content)).toBe(digest);
});

const key = Buffer.from("fake signing key for tests only.");
const verifier = {
  keyLookup: async () => ({ id: "k", algs: ["hmac-sha256"], verify: createVerifier(key, "hmac-sha256") }),
};

/** What goes on the wire, before it is signed. `url` is in the one form that `new URL` gives it. */
interface Call {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
}

const segment = fc.stringMatching(/^[A-Za-z0-9%._~!$&'()*+,;=:@-]{0,8}$/);
const call: fc.Arbitrary<Call> = fc
  .record({
    method: fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE"),
    host: fc.constantFrom("vault.example.com", "127.0.0.1:4480", "[::1]:4480", "localhost"),
    path: fc.array(segment, { maxLength: 3 }),
    query: fc.option(fc.array(fc.tuple(segment, segment), { maxLength: 3 })),
    body: fc.option(fc.string()),
    plain: fc.stringMatching(/^[\x21-\x7e]([\x20-\x7e]{0,20}[\x21-\x7e])?$/),
    context: fc.dictionary(fc.stringMatching(/^[a-z_]{1,8}$/), fc.string({ unit: "grapheme" }), { maxKeys: 3 }),
    empty: fc.boolean(),
  })
  .map(({ method, host, path, query, body, plain, context, empty }) => ({
    method,
    url: new URL(`https://${host}/${path.join("/")}${query ? `?${query.map((pair) => pair.join("=")).join("&")}` : ""}`)
      .href,
    headers: {
      "content-type": "application/json",
      ...(body === null ? { "alter-body": "unsigned-stream" } : { "content-digest": `sha-256=:${sha256(body)}:` }),
      "alter-target": plain,
      "alter-context": encodeJsonHeader(context),
      ...(empty ? { "alter-reason": "" } : {}),
    },
  }));
const params: fc.Arbitrary<SignatureParams> = fc.record({
  created: fc.integer({ min: 1, max: 1_700_000_000 }),
  nonce: fc.stringMatching(/^[A-Za-z0-9_-]{16,64}$/),
  keyId: fc.stringMatching(/^[0-9a-z]{16}$/),
});

function messageOf({ method, url, headers }: Call): SignedMessage {
  const { host, pathname, search } = new URL(url);
  return { method, authority: host, requestTarget: pathname + search, headers };
}

function signWithOurs(sent: Call, with_: SignatureParams): Request {
  const message = messageOf(sent);
  const components = coveredComponents(message.headers);
  const input = signatureInput(components, with_);
  const signature = hmac(key, signatureBase(message, components, input));
  return {
    ...sent,
    headers: { ...sent.headers, "signature-input": `alter=${input}`, signature: `alter=:${signature}:` },
  };
}

async function signWithTheirs(sent: Call, { created, nonce, keyId }: SignatureParams): Promise<Request> {
  return httpbis.signMessage(
    {
      key: createSigner(key, "hmac-sha256", keyId),
      name: "alter",
      fields: coveredComponents(sent.headers),
      params: ["created", "nonce", "keyid", "alg", "tag"],
      paramValues: { created: new Date(created * 1000), nonce, tag: "alter-vault-v1" },
    },
    sent,
  );
}

function header(message: Request, name: string): string {
  const found = Object.entries(message.headers).find(([each]) => each.toLowerCase() === name)?.[1];
  return typeof found === "string" ? found : "";
}

describe("http-message-signatures, as the other side", () => {
  test("verifies what we sign", async () => {
    await fc.assert(
      fc.asyncProperty(call, params, async (sent, with_) => {
        expect(await httpbis.verifyMessage(verifier, signWithOurs(sent, with_))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test("signs what we verify, byte for byte as we do", async () => {
    await fc.assert(
      fc.asyncProperty(call, params, async (sent, with_) => {
        const theirs = await signWithTheirs(sent, with_);
        const parsed = parseSignature(header(theirs, "signature-input"), header(theirs, "signature"));
        expect(parsed).toMatchObject(with_);
        const message = messageOf(sent);
        const base = signatureBase(message, coveredComponents(message.headers), parsed?.input ?? "");
        expect(hmac(key, base)).toBe(parsed?.signature);
        const ours = signWithOurs(sent, with_);
        expect(header(ours, "signature")).toBe(header(theirs, "signature"));
        expect(header(ours, "signature-input")).toBe(header(theirs, "signature-input"));
      }),
      { numRuns: 200 },
    );
  });

  test("agrees with us that a changed message is another one", async () => {
    const change = fc.constantFrom<(sent: Request) => Request>(
      (sent) => ({ ...sent, method: "OPTIONS" }),
      (sent) => ({ ...sent, url: String(sent.url).replace("https://", "https://x.") }),
      (sent) => ({ ...sent, url: `${String(sent.url)}x` }),
      (sent) => ({ ...sent, headers: { ...sent.headers, "alter-target": "elsewhere, and longer than it was" } }),
      (sent) => ({ ...sent, headers: { ...sent.headers, "alter-context": "[]" } }),
      (sent) => ({
        ...sent,
        headers: {
          ...sent.headers,
          "signature-input": header(sent, "signature-input").replace("created=", "created=1"),
        },
      }),
    );
    const named = call.filter(({ url }) => !url.includes("127.0.0.1") && !url.includes("["));
    await fc.assert(
      fc.asyncProperty(named, params, change, async (sent, with_, edit) => {
        const changed = edit(signWithOurs(sent, with_));
        const theirs = await httpbis.verifyMessage({ ...verifier, notAfter: Number.MAX_SAFE_INTEGER }, changed);
        expect(theirs).toBe(false);
        const parsed = parseSignature(header(changed, "signature-input"), header(changed, "signature"));
        const message = messageOf(changed as Call);
        const base = signatureBase(message, coveredComponents(message.headers), parsed?.input ?? "");
        expect(hmac(key, base)).not.toBe(parsed?.signature);
      }),
      { numRuns: 200 },
    );
  });
});
