import { createSecretKey, randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readBytes } from "../byte-reader.ts";
import { CHUNK_BYTES, openStream, sealStream } from "./sealed-stream.ts";

const key = createSecretKey(Buffer.alloc(32, 7));
const header = Buffer.from("header");

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function collect(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const bytes of stream) all.push(bytes);
  return Buffer.concat(all);
}

const seal = (plain: Buffer, size = 1_000): Promise<Buffer> => collect(sealStream(pieces(plain, size), key, header));
const open = (sealed: Buffer, size = 999, with_ = { key, header }): Promise<Buffer> =>
  collect(openStream(readBytes(pieces(sealed, size)), with_.key, with_.header));

test.each([0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])(
  "%i bytes come back, however they are cut on the way",
  async (length) => {
    const plain = randomBytes(length);
    for (const size of [700, CHUNK_BYTES, 5 * CHUNK_BYTES])
      expect((await open(await seal(plain, size), size + 1)).equals(plain)).toBe(true);
  },
);

test("nothing of what was changed anywhere is ever given out as if it were whole", async () => {
  const sealed = await seal(Buffer.alloc(300, "plain"));
  await fc.assert(
    fc.asyncProperty(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 }), async (at, by) => {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ by;
      await expect(open(changed)).rejects.toMatchObject({ name: "SealBroken" });
    }),
  );
});

test("another key, another header, a part, and more than there was", async () => {
  const sealed = await seal(randomBytes(2 * CHUNK_BYTES));
  const other = createSecretKey(Buffer.alloc(32, 8));
  await expect(open(sealed, 999, { key: other, header })).rejects.toMatchObject({ reason: "changed" });
  await expect(open(sealed, 999, { key, header: Buffer.from("Header") })).rejects.toMatchObject({ reason: "changed" });
  await expect(open(sealed.subarray(0, -1))).rejects.toMatchObject({ reason: "truncated" });
  await expect(open(sealed.subarray(0, CHUNK_BYTES + 21))).rejects.toMatchObject({ reason: "truncated" });
  await expect(open(Buffer.concat([sealed, Buffer.from([0])]))).rejects.toMatchObject({ reason: "continued" });
});

test("a chunk in the middle cannot be made the last one, nor the last one followed by more", async () => {
  const sealed = await seal(randomBytes(CHUNK_BYTES + 5));
  const first = Buffer.from(sealed.subarray(0, 5 + CHUNK_BYTES + 16));
  first[0] = 1;
  await expect(open(first)).rejects.toMatchObject({ reason: "changed" });
  const last = await seal(Buffer.from("whole"));
  last[0] = 0;
  await expect(open(Buffer.concat([last, sealed]))).rejects.toMatchObject({ reason: "changed" });
});

test("a change far behind does not hold back what was checked before it", async () => {
  const sealed = await seal(randomBytes(3 * CHUNK_BYTES));
  sealed[sealed.length - 1] = (sealed.at(-1) ?? 0) ^ 1;
  const stream = openStream(readBytes(pieces(sealed, 999)), key, header);
  expect((await stream.next()).value).toHaveLength(CHUNK_BYTES);
  await expect(collect(stream)).rejects.toMatchObject({ reason: "changed" });
});
