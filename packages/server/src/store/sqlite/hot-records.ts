import type { ApiKeyRecord, GrantWithSecret } from "../store.ts";

/**
 * The records that calls ask for again and again, kept in memory. One process owns the database file, and every write to
 * keys, secrets or grants forgets all of them, so what is answered is always what is stored. They hold sealed values
 * only, as the database does.
 */
export interface HotRecords {
  readonly apiKeys: Map<string, ApiKeyRecord>;
  readonly grants: Map<string, GrantWithSecret>;
  /** After a write. */
  forget(): void;
}

const MOST = 10_000;

export function createHotRecords(): HotRecords {
  const apiKeys = new Map<string, ApiKeyRecord>();
  const grants = new Map<string, GrantWithSecret>();
  return {
    apiKeys,
    grants,
    forget() {
      apiKeys.clear();
      grants.clear();
    },
  };
}

/** What is known, or what `read` finds; null is not kept, as there are endless ids of nothing. */
export function remember<T>(records: Map<string, T>, id: string, read: () => T | null): T | null {
  const known = records.get(id);
  if (known !== undefined) return known;
  const found = read();
  if (found === null) return null;
  if (records.size >= MOST) records.clear();
  records.set(id, found);
  return found;
}
