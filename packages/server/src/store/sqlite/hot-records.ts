import type { Database } from "./database.ts";

/**
 * Records that calls ask for again and again, kept in memory as they are stored: values in them stay sealed. One process
 * owns the database file, and what is kept is true as long as nothing but the log was written since, so an answer is
 * always what is stored.
 */
export interface HotRecords<T extends object> {
  /** The record of this id, or null. Null is not kept, as there are endless ids of nothing. */
  find(id: string): T | null;
}

/** Bounded: with more records in use than this, some are read again. */
const MOST = 10_000;

export function createHotRecords<T extends object>(db: Database, read: (id: string) => T | null): HotRecords<T> {
  const kept = new Map<string, T>();
  let asOf = db.changes();
  return {
    find(id) {
      const now = db.changes();
      if (now !== asOf) {
        kept.clear();
        asOf = now;
      }
      const known = kept.get(id);
      if (known !== undefined) return known;
      const found = read(id);
      if (found === null) return null;
      if (kept.size >= MOST) kept.clear();
      kept.set(id, found);
      return found;
    },
  };
}
