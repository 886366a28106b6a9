import { createMatcher, type Matcher } from "./matcher.ts";
import { isPlainSecret, isSearchedFor, makeNeedles } from "./needles.ts";

/**
 * What finds secrets in an answer, in every form of {@link makeNeedles}. Null when there is none to look for.
 *
 * All forms of a token are made of letters, digits and a few signs, and none is shorter than the token. An answer without
 * such a run of characters cannot hold one, and most answers have none: only where there is one, the forms are made.
 */
export function secretMatcher(secrets: readonly string[]): Matcher | null {
  const searched = secrets.filter(isSearchedFor);
  if (searched.length === 0) return null;
  return searched.every(isPlainSecret) ? new LateMatcher(searched) : createMatcher(makeNeedles(searched));
}

/** What plain secrets, hex and both alphabets of base64 are made of. */
const WORD = new Uint8Array(256);
for (const char of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.~-+/") WORD[char.charCodeAt(0)] = 1;

class LateMatcher implements Matcher {
  readonly #secrets: readonly string[];
  readonly #shortest: number;
  #matcher: Matcher | null = null;

  constructor(secrets: readonly string[]) {
    this.#secrets = secrets;
    this.#shortest = Math.min(...secrets.map(({ length }) => length));
  }

  find(bytes: Uint8Array): number[] | null {
    return hasRun(bytes, this.#shortest) ? this.#made().find(bytes) : null;
  }

  isIn(text: string): boolean {
    return hasTextRun(text, this.#shortest) && this.#made().isIn(text);
  }

  unfinished(bytes: Uint8Array): number {
    const last = bytes.at(-1);
    return last !== undefined && WORD[last] === 1 ? this.#made().unfinished(bytes) : 0;
  }

  #made(): Matcher {
    this.#matcher ??= createMatcher(makeNeedles(this.#secrets));
    if (!this.#matcher) throw new Error("a secret that is searched for has no form");
    return this.#matcher;
  }
}

/** Whether there are `length` characters of {@link WORD} in a row. Such a run holds one of every `length` positions. */
function hasRun(bytes: Uint8Array, length: number): boolean {
  for (let at = length - 1; at < bytes.length; at += length) {
    if (WORD[bytes[at] as number] === 0) continue;
    let start = at;
    while (start > 0 && at - start < length && WORD[bytes[start - 1] as number] === 1) start--;
    let end = at + 1;
    while (end < bytes.length && end - start < length && WORD[bytes[end] as number] === 1) end++;
    if (end - start >= length) return true;
  }
  return false;
}

/** The same for text of one character per byte; what is beyond a byte is in no word. */
function hasTextRun(text: string, length: number): boolean {
  for (let at = length - 1; at < text.length; at += length) {
    if (!isWord(text.charCodeAt(at))) continue;
    let start = at;
    while (start > 0 && at - start < length && isWord(text.charCodeAt(start - 1))) start--;
    let end = at + 1;
    while (end < text.length && end - start < length && isWord(text.charCodeAt(end))) end++;
    if (end - start >= length) return true;
  }
  return false;
}

function isWord(code: number): boolean {
  return code < 256 && WORD[code] === 1;
}
