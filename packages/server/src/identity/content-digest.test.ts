import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { EMPTY_CONTENT_DIGEST } from "@alter-vault/protocol";
import { expect, test } from "vitest";
import { bodyMatches, digestCheckingStream, digestClaim } from "./content-digest.ts";

const digestOf = (text: string): string => createHash("sha256").update(text).digest("base64");

test("RFC 9530's own example", () => {
  const claim = digestClaim({ "content-digest": "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:" });
  expect(bodyMatches(claim, Buffer.from('{"hello": "world"}'))).toBe(true);
  expect(bodyMatches(claim, Buffer.from('{"hello": "world"} '))).toBe(false);
  expect(bodyMatches(claim, Buffer.alloc(0))).toBe(false);
});

test("an empty body has a digest too", () => {
  expect(bodyMatches(digestClaim({ "content-digest": EMPTY_CONTENT_DIGEST }), Buffer.alloc(0))).toBe(true);
  expect(bodyMatches(digestClaim({ "content-digest": EMPTY_CONTENT_DIGEST }), Buffer.from("x"))).toBe(false);
});

test.each<[string, Record<string, string>]>([
  ["none", {}],
  ["another algorithm", { "content-digest": "sha-512=:AAAA:" }],
  ["two digests", { "content-digest": `${EMPTY_CONTENT_DIGEST}, sha-512=:AAAA:` }],
  ["twice the same", { "content-digest": `${EMPTY_CONTENT_DIGEST}, ${EMPTY_CONTENT_DIGEST}` }],
  ["a digest and the mark of a stream", { "content-digest": EMPTY_CONTENT_DIGEST, "alter-body": "unsigned-stream" }],
  ["another mark", { "alter-body": "whatever" }],
])("%s is not a claim", (_name, headers) => {
  expect(digestClaim(headers).kind).toBe("invalid");
});

test("a stream passes when the digest is right", async () => {
  const stream = Readable.from([Buffer.from("one"), Buffer.from("two")]).compose(
    digestCheckingStream(digestOf("onetwo")),
  );
  expect((await buffer(stream)).toString()).toBe("onetwo");
});

test("a stream with the wrong digest fails before its last chunk is out", async () => {
  const seen: string[] = [];
  const stream = Readable.from([Buffer.from("one"), Buffer.from("two")]).compose(
    digestCheckingStream(digestOf("onetwo!")),
  );
  await expect(
    (async () => {
      for await (const chunk of stream) seen.push(String(chunk));
    })(),
  ).rejects.toMatchObject({ name: "BodyRejected", code: "digest_mismatch" });
  expect(seen).not.toContain("two");
});
