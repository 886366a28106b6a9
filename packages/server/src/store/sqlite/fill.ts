import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { StoreNotEmpty, type StoreToFill } from "../moved-rows.ts";
import { migrate, openDatabase, type Database } from "./database.ts";
import { tableColumns } from "./snapshot.ts";
import { sqliteStoreOn } from "./sqlite-store.ts";

/**
 * A new database, filled beside its place and put there when it is whole: one rename, so there is all of it or nothing.
 * Whoever calls has the lock of the folder. What a crash left behind is thrown away by the next one.
 */
export function fillSqlite(path: string, step: number): StoreToFill {
  if (existsSync(path)) throw new StoreNotEmpty(`there is a database at ${path} already`);
  const aside = asideOf(path);
  const remove = (): void => {
    for (const end of ["", "-wal", "-shm"]) rmSync(`${aside}${end}`, { force: true });
  };
  remove();
  const db = openAside(aside, step, remove);
  // Nothing of it counts before it is whole, and then all of it is brought to the disk.
  db.exec("PRAGMA synchronous = OFF");
  return {
    columnsOf: async (table) => tableColumns((sql) => db.all(sql), table),
    async insert(table, columns, rows) {
      const names = columns.map((name) => (table === "log" && name === "seq" ? "chain_seq" : name));
      const places = names.map(() => "?").join(", ");
      const sql = `INSERT INTO "${table}" (${names.map((name) => `"${name}"`).join(", ")}) VALUES (${places})`;
      db.transaction(() => rows.forEach((row) => db.run(sql, ...row)));
    },
    count: async (table) => db.get<{ n: number }>(`SELECT count(*) AS n FROM "${table}"`)?.n ?? 0,
    async complete() {
      migrate(db);
      return sqliteStoreOn(db);
    },
    async keep() {
      db.exec("PRAGMA synchronous = FULL; PRAGMA wal_checkpoint(TRUNCATE)");
      db.close();
      sync(aside, "r+");
      renameSync(aside, path);
      if (process.platform !== "win32") sync(dirname(path), "r");
    },
    async abandon() {
      db.close();
      remove();
    },
  };
}

function openAside(aside: string, step: number, remove: () => void): Database {
  try {
    return openDatabase(aside, { upTo: step });
  } catch (error) {
    remove();
    throw error;
  }
}

const asideOf = (path: string): string => `${path}.import`;

/** Whether somebody is filling a database for this place, or was cut short. */
export function isFilling(path: string): boolean {
  return existsSync(asideOf(path));
}

function sync(path: string, how: "r" | "r+"): void {
  const file = openSync(path, how);
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
