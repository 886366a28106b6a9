import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { StorageTooNew, StorageUnavailable } from "../store.ts";
import { SQLITE_MIGRATIONS } from "../migrations/sqlite.ts";
import { openWalSync, type WalSync } from "./wal-sync.ts";

/**
 * One connection to the embedded database: write-ahead log, every commit on the disk before it is acknowledged. Statements
 * are prepared once. Everything runs to its end in one go, so transactions cannot mix.
 */
export interface Database {
  get<T>(sql: string, ...values: SQLInputValue[]): T | undefined;
  all<T>(sql: string, ...values: SQLInputValue[]): T[];
  /** How many rows changed. */
  run(sql: string, ...values: SQLInputValue[]): number;
  /** Statements that are run once and answer nothing. */
  exec(sql: string): void;
  /** A write of the log and what belongs to it: made over and over, and not counted among the changes of records. */
  logWriter(sql: string): (...values: SQLInputValue[]) => void;
  transaction<T>(work: () => T): T;
  /**
   * A transaction that is on the disk when the promise resolves, and does not hold the event loop until then. When the
   * disk refuses, it fails though the rows can be read. `settle` is told at once whether the rows are there.
   */
  writeBehind<T>(work: () => T, settle: (isCommitted: boolean) => void): Promise<T>;
  /** Becomes another number whenever a record may have changed: what was read before may not be true any more. */
  changes(): number;
  /**
   * Brings all that is in the write-ahead log into the database, and makes the file of the log empty. Waits for nobody:
   * while somebody reads an older state, as an export does, it is put off until a later `writeBehind`.
   */
  truncateLog(): void;
  close(): void;
}

interface DatabaseOptions {
  /** For tests of a disk that fails. */
  readonly openWal?: (path: string) => WalSync;
  /** The last step of the schema to take. Default: all of them. */
  readonly upTo?: number;
}

export function openDatabase(path: string, { openWal = openWalSync, upTo = Infinity }: DatabaseOptions = {}): Database {
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
  let wal: WalSync | null = null;
  let owesTruncation = false;
  const begin = prepare("BEGIN IMMEDIATE");
  const commit = prepare("COMMIT");
  const rollback = prepare("ROLLBACK");

  function truncate(): void {
    db.exec("PRAGMA busy_timeout = 0");
    try {
      owesTruncation = (db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get() as { busy: number }).busy !== 0;
    } finally {
      db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    }
  }

  /** What was committed is none the worse for it when this fails. Then it is owed still. */
  function tryTruncate(): void {
    try {
      truncate();
    } catch (error) {
      if (!(ofStorage(error) instanceof StorageUnavailable)) throw error;
    }
  }

  const database: Database = {
    get: <T>(sql: string, ...values: SQLInputValue[]) => guard(() => prepare(sql).get(...values) as T | undefined),
    all: <T>(sql: string, ...values: SQLInputValue[]) => guard(() => prepare(sql).all(...values) as T[]),
    run(sql, ...values) {
      changes++;
      return guard(() => Number(prepare(sql).run(...values).changes));
    },
    exec: (sql) => guard(() => db.exec(sql)),
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
    async writeBehind(work, settle) {
      let isCommitted = false;
      let result: ReturnType<typeof work>;
      db.exec("PRAGMA synchronous = NORMAL");
      try {
        result = database.transaction(work);
        isCommitted = true;
      } finally {
        db.exec("PRAGMA synchronous = FULL");
        settle(isCommitted);
      }
      if (path === ":memory:") return result;
      if (owesTruncation) tryTruncate();
      try {
        wal ??= openWal(path);
        await wal.sync();
      } catch (error) {
        throw new StorageUnavailable("the disk does not take what is written", { cause: error });
      }
      return result;
    },
    truncateLog: () => guard(truncate),
    close() {
      wal?.close();
      db.close();
    },
  };
  try {
    guard(() => migrate(database, upTo));
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

const BUSY_TIMEOUT_MS = 5_000;

function settle(db: DatabaseSync): void {
  db.exec("PRAGMA journal_mode = WAL");
  db.exec("PRAGMA synchronous = FULL");
  db.exec("PRAGMA foreign_keys = ON");
  db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  db.exec("PRAGMA cache_size = -65536");
  // Reads of pages that are not in the cache cost no system call.
  db.exec("PRAGMA mmap_size = 4294967296");
  // The log is written in runs of neighbours: fewer checkpoints write its pages fewer times.
  db.exec("PRAGMA wal_autocheckpoint = 4000");
  // What is deleted is overwritten, so that it is gone. The log only grows, so calls pay nothing for it.
  db.exec("PRAGMA secure_delete = ON");
  db.exec("PRAGMA journal_size_limit = 67108864");
}

const CONSTRAINT = 19;

/** What goes wrong in SQLite is the storage's fault, but for a broken constraint, which is ours. */
export function guard<T>(work: () => T): T {
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

/** Takes the steps that are left, up to one. Throws when the database knows more of them than this program. */
export function migrate(db: Database, upTo: number = Infinity): void {
  db.exec("CREATE TABLE IF NOT EXISTS migrations (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT");
  const newest = SQLITE_MIGRATIONS.at(-1)?.id ?? 0;
  const done = db.get<{ id: number }>("SELECT max(id) AS id FROM migrations")?.id ?? 0;
  if (done > newest) {
    db.close();
    throw new StorageTooNew(`the database was changed by a newer version (step ${done}; this one knows ${newest})`);
  }
  for (const { id, name, sql } of SQLITE_MIGRATIONS) {
    if (id <= done || id > upTo) continue;
    db.transaction(() => {
      db.exec(sql);
      db.run("INSERT INTO migrations VALUES (?, ?)", id, name);
    });
  }
}
