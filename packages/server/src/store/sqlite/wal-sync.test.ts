import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { StorageUnavailable } from "../store.ts";
import { openDatabase, type Database } from "./database.ts";
import { openWalSync } from "./wal-sync.ts";

let folder: string;
let path: string;
let db: Database;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "alter-vault-wal-sync-"));
  path = join(folder, "vault.db");
  db = openDatabase(path);
  db.run("CREATE TABLE notes (text TEXT NOT NULL) STRICT");
});
afterEach(() => {
  db.close();
  rmSync(folder, { recursive: true, force: true });
});

const LONG_AGO = new Date(0);
const wasWrittenSince = (): boolean => statSync(`${path}-wal`).mtimeMs > LONG_AGO.getTime();

test("after a sync that failed, everything is written once more, as it was", async () => {
  let isBroken = false;
  const wal = openWalSync(path, (_file, done) => done(isBroken ? new Error("EIO") : null));
  const content = readFileSync(`${path}-wal`);
  expect(content.length).toBeGreaterThan(4096);

  utimesSync(`${path}-wal`, LONG_AGO, LONG_AGO);
  await wal.sync();
  expect(wasWrittenSince()).toBe(false);

  isBroken = true;
  await expect(wal.sync()).rejects.toThrow("EIO");
  await expect(wal.sync()).rejects.toThrow("EIO");
  isBroken = false;
  utimesSync(`${path}-wal`, LONG_AGO, LONG_AGO);
  await wal.sync();
  expect(wasWrittenSince()).toBe(true);
  expect(readFileSync(`${path}-wal`).equals(content)).toBe(true);

  utimesSync(`${path}-wal`, LONG_AGO, LONG_AGO);
  await wal.sync();
  expect(wasWrittenSince()).toBe(false);
  wal.close();
});

test("two syncs at once go one after the other, so that both know when the disk has failed", async () => {
  const waiting: ((error: Error | null) => void)[] = [];
  const wal = openWalSync(path, (_file, done) => waiting.push(done));
  const turn = (): Promise<void> => new Promise((next) => setImmediate(next));
  const first = wal.sync().catch((error: unknown) => error);
  const second = wal.sync().then(() => "safe");
  await turn();
  expect(waiting).toHaveLength(1);

  utimesSync(`${path}-wal`, LONG_AGO, LONG_AGO);
  waiting[0]?.(new Error("EIO"));
  expect(await first).toMatchObject({ message: "EIO" });
  await turn();
  expect(wasWrittenSince()).toBe(true);
  waiting[1]?.(null);
  expect(await second).toBe("safe");
  wal.close();
});

test("syncing takes no lock of the database away", async () => {
  const wal = openWalSync(path);
  const other = openDatabase(path);
  other.get("PRAGMA busy_timeout = 0");
  await db.writeBehind(
    () => undefined,
    () => undefined,
  );
  db.transaction(() => {
    wal.close();
    expect(() => other.run("INSERT INTO notes VALUES ('x')")).toThrow(StorageUnavailable);
  });
  other.close();
});
