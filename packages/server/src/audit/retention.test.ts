import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AuditVerification } from "@alter-vault/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createKeyFile, openKeyFile } from "../crypto/file-key-provider.ts";
import { openKeyring } from "../crypto/keyring.ts";
import { createIds } from "../random.ts";
import { openDatabase } from "../store/sqlite/database.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import type { Store } from "../store/store.ts";
import { checkpointPublicKey, openCheckpointer, parseCheckpointLines } from "./checkpoints.ts";
import { localOutcome } from "./entry.ts";
import { openAuditLog } from "./log.ts";
import { createRetentionKeeper, type RetentionKeeper } from "./retention.ts";
import { verifyLog } from "./verify.ts";

const DAY_MS = 86_400_000;
const START = Date.UTC(2026, 0, 1);
let now: number;
const clock = { now: () => now, monotonic: () => 0 };
const newId = createIds(clock, randomBytes);

let folder: string;
let databasePath: string;
let store: Store;
let keeper: RetentionKeeper;
let close: () => Promise<void>;
let flush: () => Promise<void>;
let write: (userId?: string) => Promise<void>;

/** A call a day for a hundred days, with a checkpoint every ten. */
beforeEach(async () => {
  now = START;
  folder = mkdtempSync(join(tmpdir(), "alter-vault-retention-"));
  databasePath = join(folder, "vault.db");
  const options = { path: join(folder, "master.key"), clock, random: randomBytes, newId };
  createKeyFile(options);
  store = openSqliteStore(databasePath);
  const keyring = await openKeyring({ store, provider: openKeyFile(options), clock, random: randomBytes, newId });
  const onFailure = (error: unknown) => expect.fail(String(error));
  const filePath = join(folder, "checkpoints.jsonl");
  const checkpoints = await openCheckpointer({ store, keyring, clock, writer: "main", filePath, onFailure });
  const onCommit = (rows: number, head: { seq: number; hash: Uint8Array }) => checkpoints.committed(rows, head);
  const log = await openAuditLog({ store, clock, newId, writer: "main", onCommit });
  keeper = createRetentionKeeper({ store, keyring, log, clock, sleep: async () => undefined });
  write = async (userId = "ada") => {
    const id = newId();
    const facts = { kind: "request", action: "request", app_id: "app", user_id: userId } as const;
    await log.record(id, { ...facts, decision: "allow", rule: "r" }, null);
    log.outcome(id, "app", localOutcome("done", null, 1));
    await log.flush();
  };
  flush = () => log.flush();
  close = async () => {
    await log.close();
    await checkpoints.close();
    await store.close();
  };
  for (let day = 0; day < 100; day++) {
    now = START + day * DAY_MS;
    await write(day === 5 ? "eve" : "ada");
    if (day % 10 === 9) await checkpoints.checkpoint();
  }
});
afterEach(async () => {
  await close();
  rmSync(folder, { recursive: true, force: true });
});

const keep = async (days: number): Promise<number> => {
  await store.setRetention({ days, setBy: "k", setAt: now });
  const rows = await keeper.keep();
  await flush();
  return rows;
};

async function verify(): Promise<AuditVerification> {
  const kept = parseCheckpointLines(readFileSync(join(folder, "checkpoints.jsonl"), "utf8"));
  return verifyLog({ store, publicKey: await checkpointPublicKey(store), kept });
}

function tamper(sql: string): void {
  const db = openDatabase(databasePath);
  db.run(sql);
  db.close();
}

const problems = async (): Promise<string[]> => (await verify()).problems.map(({ problem }) => problem);

test("without a word from the operator nothing goes", async () => {
  expect(await keeper.keep()).toBe(0);
  expect(await verify()).toMatchObject({ ok: true, rows: 200, removed: null });
});

test("what is older goes; the rest verifies, says what was removed, and it is an entry itself", async () => {
  // In 99 days of age there are 69 that are older than 30.
  expect(await keep(30)).toBe(2 * 69);
  const report = await verify();
  expect(report).toMatchObject({ ok: true, rows: 62 + 2, chains: 1 });
  expect(report.removed).toEqual({
    rows: 138,
    before: new Date(now - 30 * DAY_MS).toISOString(),
    at: new Date(now).toISOString(),
  });
  const all = { refs: {}, since: null, until: null };
  const [entry] = await store.listEntries(null, all, { from: null, order: "newest", limit: 1 });
  expect(JSON.parse(entry?.entry.body ?? "{}")).toMatchObject({ action: "audit.retention", context: { rows: "138" } });
  now += 10 * DAY_MS;
  await write();
  expect(await keeper.keep()).toBe(20);
  expect(await verify()).toMatchObject({ ok: true, removed: { rows: 158 } });
});

test("when all of it is old, it goes on all the same", async () => {
  now += 400 * DAY_MS;
  expect(await keep(30)).toBe(200);
  expect(await verify()).toMatchObject({ ok: true, rows: 2, removed: { rows: 200 } });
});

test("a hold keeps what it covers and all after it, for as long as it is there", async () => {
  const hold = { id: newId(), appId: "app", userId: "eve", since: null, until: null, reason: "case", createdBy: "k" };
  await store.insertHold({ ...hold, createdAt: now, releasedBy: null, releasedAt: null });
  expect(await keep(30)).toBe(10);
  expect(await verify()).toMatchObject({ ok: true, removed: { rows: 10 } });
  await store.releaseHold("app", hold.id, "k", now);
  expect(await keeper.keep()).toBe(128);
});

test.each([
  ["one more row removed at the front", "DELETE FROM log WHERE seq = 139", "row 139 is missing"],
  ["a row removed in the middle", "DELETE FROM log WHERE seq = 150", "row 150 is missing"],
  ["the mark of retention removed", "DELETE FROM log_starts", "row 1 is missing"],
  [
    "more removed, and the mark moved",
    "UPDATE log_starts SET seq = 140, hash = (SELECT hash FROM log WHERE seq = 140)",
    "what was removed before this row was not removed by this vault",
  ],
  [
    "the mark made to say another time",
    "UPDATE log_starts SET before = before - 1",
    "what was removed before this row was not removed by this vault",
  ],
  [
    "the tail cut off",
    "DELETE FROM log WHERE seq > 180",
    "a signed checkpoint points beyond the end: rows were cut off",
  ],
])("%s: noticed", async (_name, sql, problem) => {
  await keep(30);
  expect(await problems()).toEqual([]);
  tamper(sql);
  expect(await problems()).toContain(problem);
});

test("what was cut off before retention came is not covered up by an older mark", async () => {
  await keep(60);
  tamper("CREATE TABLE old_starts AS SELECT * FROM log_starts");
  await keep(30);
  tamper(
    "UPDATE log_starts SET (seq, hash, before, at, signature) = (SELECT seq, hash, before, at, signature FROM old_starts)",
  );
  expect((await verify()).ok).toBe(false);
});

test("the last row that went is held against the checkpoint that was kept of it elsewhere", async () => {
  tamper("UPDATE log SET hash = zeroblob(32) WHERE seq = 140");
  expect(await keep(29)).toBe(140);
  expect((await verify()).problems).toContainEqual({
    writer: "main",
    seq: 140,
    problem: "the chain is not the one that was signed here",
  });
});
