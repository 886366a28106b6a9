import { hash, timingSafeEqual } from "node:crypto";

/**
 * HMAC-SHA256 (RFC 2104) out of two one-shot hashes over key pads that were made once: an Hmac object for each call costs
 * more than all that it hashes. Pure but for its scratch buffers, which hold nothing across calls that is used again.
 */
export interface HmacKey {
  readonly inner: Buffer;
  readonly outer: Buffer;
}

const BLOCK = 64;
const DIGEST = 32;
const EXPECTED = Buffer.alloc(DIGEST);
const GIVEN = Buffer.alloc(DIGEST);
const OUTER = Buffer.alloc(BLOCK + DIGEST);
let message = Buffer.alloc(BLOCK + 8 * 1024);

/** The key is at most one block long, as every derived key is. It is copied and may be wiped afterwards. */
export function hmacKey(key: Uint8Array): HmacKey {
  if (key.length > BLOCK) throw new RangeError(`an HMAC key of ${key.length} bytes`);
  const inner = Buffer.alloc(BLOCK, 0x36);
  const outer = Buffer.alloc(BLOCK, 0x5c);
  key.forEach((byte, at) => {
    inner[at] = byte ^ 0x36;
    outer[at] = byte ^ 0x5c;
  });
  return { inner, outer };
}

/** Whether `signature`, 44 characters of base64, is the HMAC of the text in UTF-8. Takes as long for every signature. */
export function hmacMatches(key: HmacKey, text: string, signature: string): boolean {
  if (GIVEN.write(signature, 0, DIGEST, "base64") !== DIGEST) return false;
  // A character takes three bytes at most.
  if (message.length < BLOCK + 3 * text.length) message = Buffer.alloc(BLOCK + 3 * text.length);
  message.set(key.inner, 0);
  const end = BLOCK + message.write(text, BLOCK, "utf8");
  OUTER.set(key.outer, 0);
  OUTER.write(hash("sha256", message.subarray(0, end), "latin1"), BLOCK, "latin1");
  EXPECTED.write(hash("sha256", OUTER, "latin1"), 0, "latin1");
  return timingSafeEqual(GIVEN, EXPECTED);
}
