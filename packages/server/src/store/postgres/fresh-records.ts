import { isLater, type Soon } from "../../soon.ts";

/**
 * Records that calls ask for again and again, kept in memory for less than a second, as they are stored: values in them
 * stay sealed. What this process changes is read anew at once. What another one changes is in force here when the time
 * of what is kept is over, at the latest; a word from the database makes that sooner, and nothing depends on it.
 */
export interface Freshness {
  readonly monotonic: () => number;
  /** Becomes another number whenever a record may have changed. */
  readonly generation: () => number;
}

/** With the time a read takes, a change is everywhere within a second of its acknowledgement. */
export const KEPT_MS = 800;
/** Bounded: with more records in use than this, some are read again. */
const MOST = 10_000;

interface Kept<T> {
  readonly record: Soon<T | null>;
  readonly until: number;
}

/** Null is not kept, as there are endless ids of nothing. A read that is under way is shared. */
export function createFreshRecords<T extends object>(
  { monotonic, generation }: Freshness,
  read: (key: string) => Promise<T | null>,
): (key: string) => Soon<T | null> {
  let kept = new Map<string, Kept<T>>();
  let asOf = generation();

  async function readAndKeep(key: string, until: number): Promise<T | null> {
    const mine = kept;
    try {
      const record = await read(key);
      // Not into what was begun after a change: this read may be from before it.
      if (record === null) mine.delete(key);
      else mine.set(key, { record, until });
      return record;
    } catch (error) {
      mine.delete(key);
      throw error;
    }
  }

  return (key) => {
    const now = generation();
    if (now !== asOf) {
      kept = new Map();
      asOf = now;
    }
    const known = kept.get(key);
    if (known && known.until > monotonic()) return known.record;
    if (kept.size >= MOST) kept.clear();
    const until = monotonic() + KEPT_MS;
    const record = readAndKeep(key, until);
    if (isLater(record)) kept.set(key, { record, until });
    return record;
  };
}
