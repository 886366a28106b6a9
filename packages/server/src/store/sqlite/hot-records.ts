import type { ApiKeyRecord } from "../store.ts";

/**
 * API keys, kept in memory: each call asks for one of a few. One process owns the database file, and every write to them
 * forgets all, so what is answered is always what is stored. They hold sealed values only, as the database does.
 *
 * Grants are not kept: there are too many for that to help, and a call should cost the same however many there are.
 */
export interface HotRecords {
  readonly apiKeys: Map<string, ApiKeyRecord>;
  /** After a write. */
  forget(): void;
}

const MOST = 10_000;

export function createHotRecords(): HotRecords {
  const apiKeys = new Map<string, ApiKeyRecord>();
  return { apiKeys, forget: () => apiKeys.clear() };
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
