import { randomBytes } from "node:crypto";

/** Randomness drawn a lot at a time: drawing it for each call would cost more than the rest of the call. */
export interface RandomPool {
  /** 22 characters, of 16 bytes. */
  nonce(): string;
  below(limit: number): number;
}

export function createRandomPool(): RandomPool {
  let pool = Buffer.alloc(0);
  let at = 0;
  const take = (size: number): number => {
    if (at + size > pool.length) {
      pool = randomBytes(64 * 1024);
      at = 0;
    }
    at += size;
    return at - size;
  };
  return {
    nonce() {
      const from = take(16);
      return pool.toString("base64url", from, from + 16);
    },
    below(limit) {
      const from = take(4);
      return Math.floor((pool.readUInt32BE(from) / 2 ** 32) * limit);
    },
  };
}
