import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { storeContract } from "../store.contract.ts";
import { openDatabase } from "./database.ts";
import { openSqliteStore } from "./sqlite-store.ts";

function freshPath(): { path: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "alter-vault-store-"));
  return { path: join(folder, "vault.db"), remove: () => rmSync(folder, { recursive: true, force: true }) };
}

storeContract("SQLite", async () => {
  const { path, remove } = freshPath();
  let store = openSqliteStore(path);
  return {
    store,
    async reopen() {
      await store.close();
      store = openSqliteStore(path);
      return store;
    },
    async close() {
      await store.close();
      remove();
    },
  };
});

test("commits reach the disk before they return", () => {
  const { path, remove } = freshPath();
  const db = openDatabase(path);
  expect(db.get<{ journal_mode: string }>("PRAGMA journal_mode")?.journal_mode).toBe("wal");
  expect(db.get<{ synchronous: number }>("PRAGMA synchronous")?.synchronous).toBe(2);
  db.close();
  remove();
});

test("a database of a newer version is not touched", () => {
  const { path, remove } = freshPath();
  const db = openDatabase(path);
  db.run("INSERT INTO migrations VALUES (9999, 'from the future')");
  db.close();
  expect(() => openDatabase(path)).toThrow(/newer version/);
  remove();
});
