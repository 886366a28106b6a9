import { closeSync, fdatasync, fdatasyncSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** Waits until all that was committed so far is on the disk, without holding the event loop. */
export interface WalSync {
  /** Rejects when the disk does not take it; the next sync starts with what this one owed. */
  sync(): Promise<void>;
  close(): void;
}

/** Tells the disk to take what was written, and fails when it does not. */
export type SyncFile = (file: number, done: (error: Error | null) => void) => void;

/**
 * The write-ahead log's file, opened a second time only to sync it: SQLite puts no locks on this file, so closing it takes
 * none away. The name must be as durable as the content, so its folder is synced first.
 *
 * After a sync that failed the system may count pages as written that are lost, and the next sync would say that all is
 * well. So everything in the file is written once more before anything else is called safe.
 */
export function openWalSync(databasePath: string, syncFile: SyncFile = fdatasync): WalSync {
  const wal = openSync(`${databasePath}-wal`, "r+");
  // Windows has no folders that can be synced, and keeps names by itself.
  if (process.platform !== "win32") syncFolder(dirname(databasePath));
  let isOwed = false;
  async function run(): Promise<void> {
    if (isOwed) writeAgain(wal);
    isOwed = true;
    await new Promise<void>((done, fail) => syncFile(wal, (error) => (error ? fail(error) : done())));
    isOwed = false;
  }
  // One after the other: of two at once, the system tells only one that the disk has failed.
  let last = Promise.resolve();
  return {
    sync() {
      const mine = last.then(run);
      last = mine.catch(() => undefined);
      return mine;
    },
    close: () => closeSync(wal),
  };
}

/** In one go, so that nothing is committed in between. */
function writeAgain(file: number): void {
  const piece = Buffer.alloc(1024 * 1024);
  const end = fstatSync(file).size;
  for (let at = 0; at < end;) {
    const length = readSync(file, piece, 0, Math.min(piece.length, end - at), at);
    if (length === 0) break;
    for (let done = 0; done < length;) done += writeSync(file, piece, done, length - done, at + done);
    at += length;
  }
  fdatasyncSync(file);
}

function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
