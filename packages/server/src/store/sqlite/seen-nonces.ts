import type { Nonce } from "../log-records.ts";
import type { Database } from "./database.ts";
import { createNonceSet } from "./nonce-set.ts";

/**
 * The nonces that were used: a table that only grows at its end, one row for each commit, and a set in memory of what is
 * in it. A unique index over random values would dirty a page for each of them in every commit; one process owns the
 * file, so the set is as good. It is read back at the start, and what is in it without being on the disk is taken out
 * again.
 */
export interface SeenNonces {
  /** Takes note of one for the commit under way. False when it was used before, in this commit or earlier. */
  use(nonce: Nonce): boolean;
  has(nonce: Nonce): boolean;
  /** Within the transaction: writes what was noted. */
  write(): void;
  /** The commit is on the disk, or it failed. */
  settle(isWritten: boolean): void;
  /** Forgets from the oldest on, at most `limit` rows. */
  forget(createdBefore: number, limit: number): void;
}

interface Row {
  place: number;
  newest: number;
  names: string;
}

export function openSeenNonces(db: Database): SeenNonces {
  const seen = createNonceSet(db.get<{ seed: number }>("SELECT random() >> 32 AS seed")?.seed ?? 0);
  const insert = db.logWriter("INSERT INTO nonce_batches (newest, names) VALUES (?, ?)");
  const removeUpTo = db.logWriter("DELETE FROM nonce_batches WHERE place <= ?");
  let names = "";
  let newest = 0;
  for (const row of db.all<Row>("SELECT * FROM nonce_batches")) {
    for (const line of row.names.split("\n")) {
      const [created = "", keyId = "", nonce = ""] = line.split(" ");
      if (nonce !== "") seen.add(Number(created), keyId, nonce);
    }
  }
  seen.keep();

  return {
    use({ created, keyId, nonce }) {
      if (!seen.add(created, keyId, nonce)) return false;
      names += `${created} ${keyId} ${nonce}\n`;
      if (created > newest) newest = created;
      return true;
    },
    has: ({ created, keyId, nonce }) => seen.has(created, keyId, nonce),
    write() {
      if (names !== "") insert(newest, names);
    },
    settle(isWritten) {
      if (isWritten) seen.keep();
      else seen.undo();
      names = "";
      newest = 0;
    },
    forget(createdBefore, limit) {
      // They lie in the order they came in, which is nearly that of their times: the first that is too young ends it.
      const young = db.get<{ place: number }>(
        "SELECT place FROM nonce_batches WHERE newest >= ? ORDER BY place LIMIT 1",
        createdBefore,
      );
      const oldest = db.get<{ place: number | null }>("SELECT min(place) AS place FROM nonce_batches")?.place ?? 0;
      const last = Math.min((young?.place ?? Infinity) - 1, oldest + limit - 1);
      if (last >= oldest) removeUpTo(last);
      seen.forget(createdBefore);
    },
  };
}
