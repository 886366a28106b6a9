import { formatUuidV7 } from "@alter-vault/protocol";

/** When the first of the filled-in grants was made: 2025-01-01. */
export const FIRST_GRANT_AT_MS = 1_735_689_600_000;
/** From one grant to the next. */
export const GRANT_EVERY_MS = 10_000;

/**
 * The id of the n-th filled-in grant. Like the vault's own ids it begins with the time and goes on at random, so that the
 * grants lie in the index as they would have come to lie there; unlike them it can be worked out again from its number.
 */
export function grantIdAt(index: number): string {
  const random = new Uint8Array(10);
  let state = index + 0x9e3779b9;
  for (let i = 0; i < random.length; i++) {
    state = Math.imul(state ^ (state >>> 16), 0x45d9f3b) >>> 0;
    state ^= state >>> 15;
    random[i] = state & 0xff;
  }
  return formatUuidV7(FIRST_GRANT_AT_MS + index * GRANT_EVERY_MS, random);
}
