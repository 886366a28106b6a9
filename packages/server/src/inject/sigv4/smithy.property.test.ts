import { createHash, createHmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import fc from "fast-check";
import { expect, test } from "vitest";
import { inject } from "../inject.ts";

/** AWS's own signer for JavaScript, over calls that are written in as many ways as URLs and headers allow. */
class Sha256 {
  readonly #hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", Buffer.from(secret as Uint8Array));
  }
  update(data: Uint8Array): void {
    this.#hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {
    throw new Error("not used");
  }
}

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 8 }),
  fc.stringMatching(/^[ !"#$%&'()*+,:;<=>?@^`{|}~A-Za-z0-9._-]{0,8}$/),
);
const segment = text.filter((value) => value !== "." && value !== ".." && !/[/\\]/.test(value));
const query = fc
  .array(fc.tuple(fc.oneof(fc.constantFrom("a", "A", "a-", "b", "marker"), text), text), { maxLength: 5 })
  .map((pairs) => pairs.filter(([name]) => name !== "__proto__" && !/^x-amz-/i.test(name)));
const value = fc.stringMatching(/^[!-~]([ -~]{0,10}[!-~])?$/);
const headers = fc.dictionary(
  fc.constantFrom(
    "content-type",
    "content-md5",
    "range",
    "x-amz-target",
    "x-amz-meta-a",
    "x-amz-meta-a1",
    "x-amz-meta_b",
  ),
  value,
  { maxKeys: 4 },
);
const call = fc.record({
  method: fc.constantFrom("GET" as const, "POST" as const, "PUT" as const, "DELETE" as const),
  s3: fc.boolean(),
  segments: fc.array(segment, { maxLength: 4 }),
  /** How a URL may be written: strictly, or as loosely as it can be. */
  loose: fc.boolean(),
  query,
  headers,
  body: fc.string({ maxLength: 20 }),
  token: fc.option(fc.stringMatching(/^[!-~]{1,30}$/), { nil: undefined }),
  key: fc.stringMatching(/^[!-~]{1,40}$/),
  time: fc.date({ min: new Date("1990-01-01"), max: new Date("2090-01-01"), noInvalidDate: true }),
});

const strict = (part: string): string =>
  encodeURIComponent(part).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
const loosely = (part: string): string =>
  encodeURI(part)
    .replace(/[?#]/g, strict)
    .replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());

test("signs as AWS's signer does", async () => {
  await fc.assert(
    fc.asyncProperty(call, async (row) => {
      const service = row.s3 ? "s3" : "sqs";
      const host = row.s3 ? "bucket.s3.eu-west-1.amazonaws.com" : "sqs.eu-west-1.amazonaws.com";
      const url = new URL(`https://${host}/${row.segments.map(row.loose ? loosely : strict).join("/")}`);
      url.search = row.loose
        ? new URLSearchParams(row.query).toString()
        : row.query.map((pair) => pair.map(strict).join("=")).join("&");

      const bag = Map.groupBy(row.query, ([name]) => name);
      const signer = new SignatureV4({
        credentials: {
          accessKeyId: "AKIDFAKE",
          secretAccessKey: row.key,
          ...(row.token === undefined ? {} : { sessionToken: row.token }),
        },
        region: "eu-west-1",
        service,
        sha256: Sha256,
        uriEscapePath: !row.s3,
        applyChecksum: row.s3,
      });
      const expected = await signer.sign(
        {
          method: row.method,
          protocol: "https:",
          hostname: host,
          // S3's signer takes the path as its serializer writes it: strictly encoded.
          path: row.s3 ? `/${row.segments.map(strict).join("/")}` : url.pathname,
          query: Object.fromEntries([...bag].map(([name, pairs]) => [name, pairs.map(([, item]) => item)])),
          headers: { ...row.headers, host },
          body: row.body,
        },
        { signingDate: row.time },
      );

      const injected = inject(
        { kind: "sigv4" },
        {
          kind: "sigv4",
          access_key_id: "AKIDFAKE",
          secret_access_key: row.key,
          ...(row.token === undefined ? {} : { session_token: row.token }),
        },
        { method: row.method, url, headers: Object.entries(row.headers) },
        { nowMs: row.time.getTime(), bodySha256: createHash("sha256").update(row.body).digest("hex") },
      );
      if (!injected.ok) throw new Error(injected.detail);
      expect({ ...Object.fromEntries(injected.headers), host }).toEqual(expected.headers);
      // The wire says the same as before: same keys, same parameters.
      expect([...injected.url.searchParams]).toEqual(row.query);
      expect(injected.url.pathname.split("/").slice(1).map(decodeURIComponent)).toEqual(
        row.segments.length === 0 ? [""] : row.segments,
      );
    }),
    { numRuns: 1000 },
  );
});
