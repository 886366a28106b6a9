import type { Needle } from "./needles.ts";

/**
 * Finds many needles in one pass over the bytes, and touches only some of them: the search of Wu and Manber with blocks
 * of two bytes. For every pair of bytes a table says how far the window may be moved before a needle can end in it; with
 * needles of 40 characters that is 39 bytes for almost every pair.
 *
 * Made for each call, so it is made to be made quickly.
 */
export interface Matcher {
  /** Where needles are: start, end, start, end, … by start; the longest one of each start. Null when there is none. */
  find(bytes: Uint8Array): number[] | null;
  /** Whether there is one in text of one character per byte. */
  isIn(text: string): boolean;
  /** Length of the longest end of the bytes with which a needle begins, without being complete. */
  unfinished(bytes: Uint8Array): number;
}

const SLOTS = 1024;
const MAX_WINDOW = 255;

/** Null when there is nothing to look for. */
export function createMatcher(needles: readonly Needle[]): Matcher | null {
  if (needles.length === 0) return null;
  let window = MAX_WINDOW;
  let longest = 0;
  for (const needle of needles) {
    window = Math.min(window, needle.length);
    longest = Math.max(longest, needle.length);
  }
  return new ShiftMatcher(needles, window, longest);
}

class ShiftMatcher implements Matcher {
  readonly #needles: readonly Needle[];
  readonly #window: number;
  readonly #longest: number;
  /** Shifts by pair of bytes, and behind them whether a needle begins with a byte. From Node's pool, so almost free. */
  readonly #table: Buffer;

  constructor(needles: readonly Needle[], window: number, longest: number) {
    this.#needles = needles;
    this.#window = window;
    this.#longest = longest;
    this.#table = Buffer.allocUnsafe(SLOTS + 256)
      .fill(window - 1, 0, SLOTS)
      .fill(0, SLOTS);
    for (const needle of needles) this.#enter(needle);
  }

  find(bytes: Uint8Array): number[] | null {
    const table = this.#table;
    const window = this.#window;
    const { length } = bytes;
    let found: number[] | null = null;
    let last = window - 1;
    while (last < length) {
      const shift = table[slot(bytes[last - 1] as number, bytes[last] as number)] as number;
      if (shift > 0) {
        last += shift;
        continue;
      }
      const start = last - window + 1;
      const end = longestMatch(this.#needles, bytes, start);
      if (end > start) (found ??= []).push(start, end);
      last++;
    }
    return found;
  }

  isIn(text: string): boolean {
    const { length } = text;
    let last = this.#window - 1;
    while (last < length) {
      const shift = this.#table[slot(text.charCodeAt(last - 1), text.charCodeAt(last))] as number;
      if (shift > 0) {
        last += shift;
        continue;
      }
      const start = last - this.#window + 1;
      if (this.#needles.some((needle) => text.startsWith(needle, start))) return true;
      last++;
    }
    return false;
  }

  unfinished(bytes: Uint8Array): number {
    const table = this.#table;
    const { length } = bytes;
    for (let start = Math.max(0, length - this.#longest + 1); start < length; start++) {
      if (table[SLOTS + (bytes[start] as number)] === 1 && beginsNeedle(this.#needles, bytes, start))
        return length - start;
    }
    return 0;
  }

  #enter(needle: Needle): void {
    const table = this.#table;
    let before = needle.charCodeAt(0);
    table[SLOTS + before] = 1;
    for (let shift = this.#window - 2; shift >= 0; shift--) {
      const byte = needle.charCodeAt(this.#window - 1 - shift);
      const at = slot(before, byte);
      if (shift < (table[at] as number)) table[at] = shift;
      before = byte;
    }
  }
}

function slot(first: number, second: number): number {
  return ((first << 4) ^ second) & (SLOTS - 1);
}

function longestMatch(needles: readonly Needle[], bytes: Uint8Array, start: number): number {
  let end = start;
  for (const needle of needles) {
    const stop = start + needle.length;
    if (stop > end && stop <= bytes.length && agrees(needle, bytes, start, stop)) end = stop;
  }
  return end;
}

function beginsNeedle(needles: readonly Needle[], bytes: Uint8Array, start: number): boolean {
  for (const needle of needles) {
    if (bytes.length - start < needle.length && agrees(needle, bytes, start, bytes.length)) return true;
  }
  return false;
}

function agrees(needle: Needle, bytes: Uint8Array, start: number, stop: number): boolean {
  for (let at = start; at < stop; at++) {
    if (bytes[at] !== needle.charCodeAt(at - start)) return false;
  }
  return true;
}
