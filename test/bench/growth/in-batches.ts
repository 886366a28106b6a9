import type { DatabaseSync } from "node:sqlite";
import { setImmediate as nextTurn } from "node:timers/promises";

const BATCH = 20_000;
const SAY_EVERY_MS = 5_000;

/** Calls `insert` for 0 to `count - 1`, in large transactions, and says now and then how far it is. */
export async function inBatches(
  db: DatabaseSync,
  what: string,
  count: number,
  insert: (index: number) => void | Promise<void>,
): Promise<void> {
  let saidAt = performance.now();
  for (let from = 0; from < count; from += BATCH) {
    db.exec("BEGIN");
    for (let index = from; index < Math.min(from + BATCH, count); index++) {
      const pending = insert(index);
      if (pending) await pending;
    }
    db.exec("COMMIT");
    // Lets a Ctrl-C through.
    await nextTurn();
    if (performance.now() - saidAt > SAY_EVERY_MS) {
      saidAt = performance.now();
      console.error(
        `  ${what}: ${Math.min(from + BATCH, count).toLocaleString("en")} of ${count.toLocaleString("en")}`,
      );
    }
  }
}
