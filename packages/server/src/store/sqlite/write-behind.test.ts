import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { StorageUnavailable } from "../store.ts";
import { openDatabase, type Database } from "./database.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "alter-vault-write-behind-"));
  path = join(folder, "vault.db");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What a machine finds that loses its power right after a sync. */
function keepCopy(): string {
  const copy = join(folder, "after-power-loss.db");
  copyFileSync(path, copy);
  copyFileSync(`${path}-wal`, `${copy}-wal`);
  return copy;
}

function notesOf(database: Database): string[] {
  return database.all<{ text: string }>("SELECT text FROM notes ORDER BY text").map(({ text }) => text);
}

function openWithNotes(sync: () => Promise<void>): { db: Database; write: (text: string) => Promise<void> } {
  const db = openDatabase(path, { openWal: () => ({ sync, close: () => undefined }) });
  db.run("CREATE TABLE notes (text TEXT NOT NULL) STRICT");
  const insert = db.logWriter("INSERT INTO notes VALUES (?)");
  return {
    db,
    write: (text) =>
      db.writeBehind(
        () => insert(text),
        () => undefined,
      ),
  };
}

test("nothing is acknowledged before the disk has it, and the loop goes on meanwhile", async () => {
  let release = (): void => undefined;
  const { db, write } = openWithNotes(() => new Promise((done) => (release = done)));
  let isAcknowledged = false;
  const written = write("first").then(() => (isAcknowledged = true));
  await new Promise((next) => setTimeout(next, 20));
  expect(isAcknowledged).toBe(false);
  release();
  await written;
  expect(isAcknowledged).toBe(true);
  db.close();
});

test("what was in the files at the sync is all that a restart needs", async () => {
  let copy = "";
  const { db, write } = openWithNotes(async () => {
    copy = keepCopy();
  });
  await write("first");
  await write("second");
  const restarted = openDatabase(copy);
  expect(notesOf(restarted)).toEqual(["first", "second"]);
  restarted.close();
  db.close();
});

test("every other commit still waits for the disk by itself", async () => {
  const { db, write } = openWithNotes(() => Promise.resolve());
  await write("first");
  expect(db.get<{ synchronous: number }>("PRAGMA synchronous")?.synchronous).toBe(2);
  await expect(
    db.writeBehind(
      () => {
        throw new Error("not this one");
      },
      () => undefined,
    ),
  ).rejects.toThrow("not this one");
  expect(db.get<{ synchronous: number }>("PRAGMA synchronous")?.synchronous).toBe(2);
  db.close();
});

test("a disk that refuses fails the write, and what it doubted stays readable", async () => {
  let isBroken = true;
  const { db, write } = openWithNotes(() => (isBroken ? Promise.reject(new Error("EIO")) : Promise.resolve()));
  await expect(write("doubtful")).rejects.toBeInstanceOf(StorageUnavailable);
  isBroken = false;
  await write("afterwards");
  expect(notesOf(db)).toEqual(["afterwards", "doubtful"]);
  db.close();
});
