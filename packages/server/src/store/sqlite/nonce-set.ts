/**
 * A set of used nonces, by the second they were made for. A busy vault holds more than a million of them, each for a
 * minute and a half: as strings in a Set they would be most of what the garbage collector has to look at. So their bytes
 * lie in one buffer for each second, beside a hash table of where they are, and a whole second is forgotten at once.
 *
 * What is added counts at once; it is settled with `keep` or taken back with `undo`, for writes that may fail.
 */
export interface NonceSet {
  /** False when it is there already. Both texts are ASCII. */
  add(created: number, keyId: string, nonce: string): boolean;
  has(created: number, keyId: string, nonce: string): boolean;
  /** What was added since the last call stays. */
  keep(): void;
  /** What was added since the last call was never there. */
  undo(): void;
  /** Forgets every second before this one. */
  forget(before: number): void;
}

/** The seed is for nobody to know, so that nobody can choose nonces that all fall into one place. */
export function createNonceSet(seed: number): NonceSet {
  const seconds = new Map<number, Second>();
  /** The seconds that hold something unsettled, with how much of them is settled. */
  const unsettled = new Map<Second, number>();
  return {
    add(created, keyId, nonce) {
      let second = seconds.get(created);
      if (!second) {
        second = new Second(seed);
        seconds.set(created, second);
      }
      if (!unsettled.has(second)) unsettled.set(second, second.end);
      return second.add(keyId, nonce);
    },
    has: (created, keyId, nonce) => seconds.get(created)?.has(keyId, nonce) ?? false,
    keep: () => unsettled.clear(),
    undo() {
      for (const [second, end] of unsettled) second.cutAt(end);
      unsettled.clear();
    },
    forget(before) {
      for (const created of seconds.keys()) if (created < before) seconds.delete(created);
    },
  };
}

const FIRST_BYTES = 4096;
const FIRST_SLOTS = 128;

/** Records, each its length and its bytes, one behind the other; slots hold where one begins, plus one. */
class Second {
  end = 0;
  readonly #seed: number;
  #bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #slots = new Int32Array(FIRST_SLOTS);
  #count = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  add(keyId: string, nonce: string): boolean {
    const slot = this.#freeSlot(keyId, nonce);
    if (slot === null) return false;
    this.#slots[slot] = this.end + 1;
    this.end += 2 + keyId.length + 1 + nonce.length;
    if (++this.#count * 2 > this.#slots.length) this.#index(this.#slots.length * 2);
    return true;
  }

  has(keyId: string, nonce: string): boolean {
    return this.#freeSlot(keyId, nonce) === null;
  }

  /** Where it would go, with its bytes laid behind the end; null: it is there. */
  #freeSlot(keyId: string, nonce: string): number | null {
    const length = keyId.length + 1 + nonce.length;
    if (this.end + 2 + length > this.#bytes.length) this.#growBytes(this.end + 2 + length);
    this.#write(this.end, length, keyId, nonce);
    let slot = this.#hash(this.end) & (this.#slots.length - 1);
    for (let known = this.#slots[slot] as number; known !== 0; known = this.#slots[slot] as number) {
      if (this.#isSame(known - 1, this.end)) return null;
      slot = (slot + 1) & (this.#slots.length - 1);
    }
    return slot;
  }

  cutAt(end: number): void {
    this.end = end;
    this.#index(this.#slots.length);
  }

  #write(at: number, length: number, keyId: string, nonce: string): void {
    const bytes = this.#bytes;
    bytes[at] = length >> 8;
    bytes[at + 1] = length & 0xff;
    let to = at + 2;
    for (let i = 0; i < keyId.length; i++) bytes[to++] = keyId.charCodeAt(i);
    bytes[to++] = 0x20;
    for (let i = 0; i < nonce.length; i++) bytes[to++] = nonce.charCodeAt(i);
  }

  #lengthAt(at: number): number {
    return ((this.#bytes[at] as number) << 8) | (this.#bytes[at + 1] as number);
  }

  /** FNV-1a with a seed, and its bits mixed once more at the end. */
  #hash(at: number): number {
    const bytes = this.#bytes;
    const stop = at + 2 + this.#lengthAt(at);
    let hash = this.#seed ^ 0x811c9dc5;
    for (let i = at + 2; i < stop; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    return hash ^ (hash >>> 13);
  }

  #isSame(one: number, other: number): boolean {
    const bytes = this.#bytes;
    const size = 2 + this.#lengthAt(one);
    for (let i = 0; i < size; i++) if (bytes[one + i] !== bytes[other + i]) return false;
    return true;
  }

  #growBytes(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, needed));
    this.#bytes.copy(larger, 0, 0, this.end);
    this.#bytes = larger;
  }

  #index(size: number): void {
    const slots = new Int32Array(size);
    let count = 0;
    for (let at = 0; at < this.end; at += 2 + this.#lengthAt(at)) {
      let slot = this.#hash(at) & (size - 1);
      while (slots[slot] !== 0) slot = (slot + 1) & (size - 1);
      slots[slot] = at + 1;
      count++;
    }
    this.#slots = slots;
    this.#count = count;
  }
}
