import { formatUuidV7 } from "@alter-vault/protocol";
import type { Clock } from "./clock.ts";

/** Cryptographic randomness, handed in. */
export type RandomBytes = (size: number) => Buffer;

export type NewId = () => string;

/** UUIDv7 ids. Draws randomness for many ids at once: one draw per id would cost more than the rest of the id. */
export function createIds(clock: Clock, random: RandomBytes): NewId {
  const perDraw = 256;
  let pool: Buffer = Buffer.alloc(0);
  let at = 0;
  return () => {
    if (at + 10 > pool.length) {
      pool = random(10 * perDraw);
      at = 0;
    }
    const slice = pool.subarray(at, at + 10);
    at += 10;
    return formatUuidV7(clock.now(), slice);
  };
}
