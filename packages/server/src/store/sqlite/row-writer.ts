import type { SQLInputValue } from "node:sqlite";
import type { Database } from "./database.ts";

/**
 * Inserts rows of the log several at a time: the way into SQLite and back costs about as much as a row. Within one
 * transaction: `clear`, then `add` as often as there are rows, then `flush`.
 */
export interface RowWriter {
  /** Forgets what a transaction that failed has left behind. */
  clear(): void;
  add(...row: SQLInputValue[]): void;
  flush(): void;
}

const AT_ONCE = 8;

export function createRowWriter(db: Database, table: string, columns: number): RowWriter {
  const row = `(${Array.from({ length: columns }, () => "?").join(", ")})`;
  const insertOne = db.logWriter(`INSERT INTO ${table} VALUES ${row}`);
  const insertMany = db.logWriter(
    `INSERT INTO ${table} VALUES ${Array.from({ length: AT_ONCE }, () => row).join(", ")}`,
  );
  let values: SQLInputValue[] = [];
  return {
    clear() {
      values = [];
    },
    add(...next) {
      values.push(...next);
      if (values.length < columns * AT_ONCE) return;
      insertMany(...values);
      values = [];
    },
    flush() {
      for (let from = 0; from < values.length; from += columns) insertOne(...values.slice(from, from + columns));
      values = [];
    },
  };
}
