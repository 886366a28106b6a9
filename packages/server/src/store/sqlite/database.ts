import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { StorageTooNew, StorageUnavailable } from "../store.ts";
import { SQLITE_MIGRATIONS } from "../migrations/sqlite.ts";

/**
 * One connection to the embedded database: write-ahead log, every commit on the disk before it returns. Statements are
 * prepared once. Everything runs to its end in one go, so transactions cannot mix.
 */
export interface Database {
  get<T>(sql: string, ...values: SQLInputValue[]): T | undefined;
  all<T>(sql: string, ...values: SQLInputValue[]): T[];
  /** How many rows changed. */
  run(sql: string, ...values: SQLInputValue[]): number;
  /** A write of the log and what belongs to it: made over and over, and not counted among the changes of records. */
  logWriter(sql: string): (...values: SQLInputValue[]) => void;
  transaction<T>(work: () => T): T;
  /** Becomes another number whenever a record may have changed: what was read before may not be true any more. */
  changes(): number;
  close(): void;
}

export function openDatabase(path: string): Database {
  if (path !== ":memory:") mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const db = guard(() => open(path));
  const statements = new Map<string, StatementSync>();
  const prepare = (sql: string): StatementSync => {
    let statement = statements.get(sql);
    if (!statement) {
      statement = db.prepare(sql);
      statements.set(sql, statement);
    }
    return statement;
  };
  let changes = 0;
  const begin = prepare("BEGIN IMMEDIATE");
  const commit = prepare("COMMIT");
  const rollback = prepare("ROLLBACK");

  const database: Database = {
    get: <T>(sql: string, ...values: SQLInputValue[]) => guard(() => prepare(sql).get(...values) as T | undefined),
    all: <T>(sql: string, ...values: SQLInputValue[]) => guard(() => prepare(sql).all(...values) as T[]),
    run(sql, ...values) {
      changes++;
      return guard(() => Number(prepare(sql).run(...values).changes));
    },
    logWriter(sql) {
      const statement = prepare(sql);
      return (...values) => {
        try {
          statement.run(...values);
        } catch (error) {
          throw ofStorage(error);
        }
      };
    },
    changes: () => changes,
    transaction: (work) =>
      guard(() => {
        begin.run();
        try {
          const result = work();
          commit.run();
          return result;
        } catch (error) {
          // What was read within it was never true.
          changes++;
          // A full disk or an I/O error may have ended the transaction already; then there is nothing to roll back.
          if (db.isTransaction) rollback.run();
          throw error;
        }
      }),
    close: () => db.close(),
  };
  try {
    guard(() => migrate(db, database));
  } catch (error) {
    if (db.isOpen) db.close();
    throw error;
  }
  return database;
}

function open(path: string): DatabaseSync {
  const db = new DatabaseSync(path);
  try {
    settle(db);
  } catch (error) {
    db.close();
    throw error;
  }
  return db;
}

function settle(db: DatabaseSync): void {
  db.exec("PRAGMA journal_mode = WAL");
  db.exec("PRAGMA synchronous = FULL");
  db.exec("PRAGMA foreign_keys = ON");
  db.exec("PRAGMA busy_timeout = 5000");
  db.exec("PRAGMA cache_size = -65536");
  // Reads of pages that are not in the cache cost no system call.
  db.exec("PRAGMA mmap_size = 4294967296");
  // The log is written in runs of neighbours: fewer checkpoints write its pages fewer times.
  db.exec("PRAGMA wal_autocheckpoint = 4000");
  db.exec("PRAGMA journal_size_limit = 67108864");
}

const CONSTRAINT = 19;

/** What goes wrong in SQLite is the storage's fault, but for a broken constraint, which is ours. */
function guard<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw ofStorage(error);
  }
}

function ofStorage(error: unknown): unknown {
  const { errcode } = error as { errcode?: unknown };
  if (typeof errcode !== "number" || (errcode & 0xff) === CONSTRAINT) return error;
  return new StorageUnavailable(`SQLite failed with ${errcode}`, { cause: error });
}

function migrate(db: DatabaseSync, database: Database): void {
  db.exec("CREATE TABLE IF NOT EXISTS migrations (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT");
  const newest = SQLITE_MIGRATIONS.at(-1)?.id ?? 0;
  const done = database.get<{ id: number }>("SELECT max(id) AS id FROM migrations")?.id ?? 0;
  if (done > newest) {
    db.close();
    throw new StorageTooNew(`the database was changed by a newer version (step ${done}; this one knows ${newest})`);
  }
  for (const { id, name, sql } of SQLITE_MIGRATIONS) {
    if (id <= done) continue;
    database.transaction(() => {
      db.exec(sql);
      database.run("INSERT INTO migrations VALUES (?, ?)", id, name);
    });
  }
}
