import type { Nonce } from "../store.ts";
import type { Database } from "./database.ts";

/**
 * The nonces that were used: a table that only grows at its end, and a set of what is in it. A unique index over random
 * values would dirty a page for each of them in every commit; one process owns the file, so the set is as good. It is
 * read back at the start, and nothing enters it before its commit is on the disk.
 */
export interface SeenNonces {
  /** Within a transaction. False when it was used before, in this batch or earlier. */
  use(nonce: Nonce, batch: Set<string>): boolean;
  /** After the commit of that batch. */
  keep(batch: ReadonlySet<string>): void;
  /** Forgets from the oldest on, at most `limit` rows. */
  forget(createdBefore: number, limit: number): void;
}

interface Row {
  place: number;
  created: number;
  key_id: string;
  nonce: string;
}

export function openSeenNonces(db: Database): SeenNonces {
  const seen = new Set<string>();
  const nameOf = (created: number, keyId: string, nonce: string): string => `${created} ${keyId} ${nonce}`;
  const insert = db.logWriter("INSERT INTO nonces (created, key_id, nonce) VALUES (?, ?, ?)");
  const removeUpTo = db.logWriter("DELETE FROM nonces WHERE place <= ?");
  for (const row of db.all<Row>("SELECT * FROM nonces")) seen.add(nameOf(row.created, row.key_id, row.nonce));

  return {
    use({ created, keyId, nonce }, batch) {
      const name = nameOf(created, keyId, nonce);
      if (seen.has(name) || batch.has(name)) return false;
      insert(created, keyId, nonce);
      batch.add(name);
      return true;
    },
    keep(batch) {
      for (const name of batch) seen.add(name);
    },
    forget(createdBefore, limit) {
      // They lie in the order they came in, which is nearly that of their times: the first that is too young ends it.
      const oldest = db.all<Row>("SELECT * FROM nonces ORDER BY place LIMIT ?", limit);
      const young = oldest.findIndex(({ created }) => created >= createdBefore);
      const old = young === -1 ? oldest : oldest.slice(0, young);
      const last = old.at(-1);
      if (!last) return;
      removeUpTo(last.place);
      for (const row of old) seen.delete(nameOf(row.created, row.key_id, row.nonce));
    },
  };
}
