import { createCipheriv, createDecipheriv, createHash, type KeyObject } from "node:crypto";
import { TakenShort, type ByteReader } from "../byte-reader.ts";

/**
 * The form of a file that is sealed as a whole: chunks of AES-256-GCM, each bound to its number, to whether it is the last
 * one, and to the header of the file. So nothing can be changed, cut off, added, moved within the file or into another
 * without being noticed, and a reader gets no byte that was not checked. The key is for this one file, which is why the
 * number of a chunk can be its IV.
 *
 *   byte  0       1: the last chunk; 0: another follows
 *   bytes 1–4     length of what follows, big-endian
 *   then          ciphertext, and 16 bytes of tag
 *
 *   IV = 4 zero bytes | number, 8 bytes            AAD = SHA-256(header) | number, 8 bytes | byte 0
 *
 * Pure: key and header are handed in.
 */
export const CHUNK_BYTES: number = 64 * 1024;
const TAG_LENGTH = 16;
const TAG_OPTIONS = { authTagLength: TAG_LENGTH };

/** Why a sealed stream ends before its end. */
export class SealBroken extends Error {
  override readonly name = "SealBroken";
  readonly reason: "changed" | "truncated" | "continued";
  constructor(reason: SealBroken["reason"]) {
    super(`the sealed stream is ${reason}`);
    this.reason = reason;
  }
}

export async function* sealStream(
  plain: AsyncIterable<Buffer>,
  key: KeyObject,
  header: Uint8Array,
): AsyncGenerator<Buffer> {
  const of = createHash("sha256").update(header).digest();
  let number = 0;
  let waiting: Buffer = Buffer.alloc(0);
  for await (const bytes of plain) {
    waiting = waiting.length === 0 ? bytes : Buffer.concat([waiting, bytes]);
    // What is left over may be the last of all, so some is always kept back.
    while (waiting.length > CHUNK_BYTES) {
      yield sealChunk(key, of, number++, false, waiting.subarray(0, CHUNK_BYTES));
      waiting = waiting.subarray(CHUNK_BYTES);
    }
  }
  yield sealChunk(key, of, number, true, waiting);
}

/** Throws {@link SealBroken}. */
export async function* openStream(sealed: ByteReader, key: KeyObject, header: Uint8Array): AsyncGenerator<Buffer> {
  const of = createHash("sha256").update(header).digest();
  for (let number = 0; ; number++) {
    const head = await take(sealed, 5);
    const length = head.readUInt32BE(1);
    // Each chunk can be written in one way only.
    if ((head[0] ?? 2) > 1 || length < TAG_LENGTH || length > CHUNK_BYTES + TAG_LENGTH) throw new SealBroken("changed");
    const isLast = head[0] === 1;
    const plain = openChunk(key, of, number, isLast, await take(sealed, length));
    if (plain.length > 0) yield plain;
    if (isLast) break;
  }
  if (!(await sealed.isAtEnd())) throw new SealBroken("continued");
}

async function take(sealed: ByteReader, length: number): Promise<Buffer> {
  try {
    return await sealed.take(length);
  } catch (error) {
    if (error instanceof TakenShort) throw new SealBroken("truncated");
    throw error;
  }
}

function sealChunk(key: KeyObject, of: Buffer, number: number, isLast: boolean, plain: Buffer): Buffer {
  const cipher = createCipheriv("aes-256-gcm", key, ivOf(number), TAG_OPTIONS);
  cipher.setAAD(authenticated(of, number, isLast));
  const head = Buffer.alloc(5);
  head[0] = isLast ? 1 : 0;
  head.writeUInt32BE(plain.length + TAG_LENGTH, 1);
  return Buffer.concat([head, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function openChunk(key: KeyObject, of: Buffer, number: number, isLast: boolean, sealed: Buffer): Buffer {
  const decipher = createDecipheriv("aes-256-gcm", key, ivOf(number), TAG_OPTIONS);
  decipher.setAAD(authenticated(of, number, isLast));
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_LENGTH));
  const plain = decipher.update(sealed.subarray(0, sealed.length - TAG_LENGTH));
  try {
    decipher.final();
  } catch {
    plain.fill(0);
    throw new SealBroken("changed");
  }
  return plain;
}

function ivOf(number: number): Buffer {
  const iv = Buffer.alloc(12);
  iv.writeBigUInt64BE(BigInt(number), 4);
  return iv;
}

function authenticated(of: Buffer, number: number, isLast: boolean): Buffer {
  const bytes = Buffer.alloc(of.length + 9);
  of.copy(bytes);
  bytes.writeBigUInt64BE(BigInt(number), of.length);
  bytes[of.length + 8] = isLast ? 1 : 0;
  return bytes;
}
