import { createMatcher, type Matcher } from "./matcher.ts";
import type { Needle } from "./needles.ts";

export { createMatcher, type Matcher } from "./matcher.ts";
export { makeNeedles, type Needle } from "./needles.ts";
export { secretMatcher } from "./secret-matcher.ts";

const STAR = 0x2a;
const NOTHING: Buffer = Buffer.alloc(0);

/**
 * Takes secrets out of a stream of bytes: each occurrence of a needle becomes as many `*`, so lengths stay true. Bytes
 * are held back only while they may be the beginning of a needle; everything else goes on at once. A chunk without a
 * find goes on as the very same Buffer.
 *
 * Needles that overlap are masked together and counted as one.
 */
export class Scrubber {
  /** How many places were masked so far. */
  count = 0;
  readonly #matcher: Matcher | null;
  /** The end of the stream so far that may be the beginning of a needle, as it came. */
  #held: Buffer = NOTHING;
  /** How many bytes at the beginning of #held belong to a find that began before it. */
  #heldMasked = 0;
  /** Position of #held in the stream, and the end of the last find: what was counted is not counted again. */
  #position = 0;
  #countedTo = 0;

  /** Of createMatcher; null lets everything pass. */
  constructor(matcher: Matcher | null) {
    this.#matcher = matcher;
  }

  push(chunk: Buffer): Buffer {
    if (!this.#matcher) return chunk;
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const found = this.#matcher.find(bytes);
    const hold = this.#matcher.unfinished(bytes);
    const cut = bytes.length - hold;
    const out = found === null && this.#heldMasked === 0 ? without(bytes, cut) : this.#mask(bytes, cut, found ?? []);
    // A copy: a view would keep a whole network buffer alive for a few bytes.
    this.#held = hold === 0 ? NOTHING : Buffer.from(bytes.subarray(cut));
    this.#position += cut;
    return out;
  }

  /** The rest, when the stream is over. */
  end(): Buffer {
    const held = this.#held;
    if (!this.#matcher || held.length === 0) return NOTHING;
    this.#held = NOTHING;
    return this.#mask(held, held.length, this.#matcher.find(held) ?? []);
  }

  #mask(bytes: Buffer, cut: number, found: readonly number[]): Buffer {
    const out = Buffer.from(bytes.subarray(0, cut));
    out.fill(STAR, 0, Math.min(this.#heldMasked, cut));
    let masked = this.#heldMasked;
    for (let i = 0; i < found.length; i += 2) {
      const start = found[i] as number;
      const end = found[i + 1] as number;
      if (this.#position + start >= this.#countedTo) this.count++;
      this.#countedTo = Math.max(this.#countedTo, this.#position + end);
      if (start >= cut) continue;
      out.fill(STAR, start, Math.min(end, cut));
      masked = Math.max(masked, end);
    }
    this.#heldMasked = Math.max(0, masked - cut);
    return out;
  }
}

function without(bytes: Buffer, cut: number): Buffer {
  return cut === bytes.length ? bytes : bytes.subarray(0, cut);
}

export interface ScrubbedText {
  readonly text: string;
  readonly count: number;
}

/** Takes secrets out of a header value: latin1, one character per byte. */
export function scrubValue(text: string, matcher: Matcher | null): ScrubbedText {
  return matcher?.isIn(text) ? scrubAs("latin1", text, matcher) : { text, count: 0 };
}

/** Takes secrets out of a message. */
export function scrubText(text: string, needles: readonly Needle[]): string {
  const matcher = createMatcher(needles);
  return matcher ? scrubAs(/[^\0-\xff]/.test(text) ? "utf8" : "latin1", text, matcher).text : text;
}

/** Whether a URL, or other text in ASCII, holds a secret in any of its forms. */
export function holdsSecret(text: string, matcher: Matcher | null): boolean {
  return matcher?.isIn(text) ?? false;
}

function scrubAs(encoding: "latin1" | "utf8", text: string, matcher: Matcher): ScrubbedText {
  const scrubber = new Scrubber(matcher);
  const out = Buffer.concat([scrubber.push(Buffer.from(text, encoding)), scrubber.end()]);
  return { text: out.toString(encoding), count: scrubber.count };
}
