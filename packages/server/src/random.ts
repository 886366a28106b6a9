import { formatUuidV7 } from "@alter-vault/protocol";
import type { Clock } from "./clock.ts";

/** Cryptographic randomness, handed in. */
export type RandomBytes = (size: number) => Buffer;

export type NewId = () => string;

/**
 * UUIDv7 ids, each after the one before (RFC 9562, 6.2, method 1: twelve bits behind the time count within a millisecond),
 * so that lists by id show what one process made in the order it was made. A clock that steps back a little is waited
 * for. Draws randomness for many ids at once: one draw per id would cost more than the rest of the id.
 */
export function createIds(clock: Clock, random: RandomBytes): NewId {
  const perDraw = 256;
  let pool: Buffer = Buffer.alloc(0);
  let at = 0;
  let last = 0;
  let count = 0;
  return () => {
    if (at + 10 > pool.length) {
      pool = random(10 * perDraw);
      at = 0;
    }
    const bytes = pool.subarray(at, at + 10);
    at += 10;
    const now = clock.now();
    if (now > last || last - now > STEP_BACK_MS) {
      last = now;
      // Half of the range, so that there is room to count.
      count = bytes.readUInt16BE() & 0x7ff;
    } else if (++count > 0xfff) {
      last++;
      count = 0;
    }
    bytes.writeUInt16BE(count);
    return formatUuidV7(last, bytes);
  };
}

/** A clock that was set back by more than this was wrong before. */
const STEP_BACK_MS = 10_000;
