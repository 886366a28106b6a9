import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createKeyFile, openKeyFile } from "../crypto/file-key-provider.ts";
import { openKeyring } from "../crypto/keyring.ts";
import { createIds } from "../random.ts";
import { openDatabase } from "../store/sqlite/database.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import { checkpointPublicKey, openCheckpointer, parseCheckpointLines } from "./checkpoints.ts";
import { localOutcome } from "./entry.ts";
import { openAuditLog } from "./log.ts";
import { verifyLog } from "./verify.ts";

const clock = { now: () => 1_700_000_000_000, monotonic: () => 0 };
const newId = createIds(clock, randomBytes);

let folder: string;
let databasePath: string;
let filePath: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "alter-vault-verify-"));
  databasePath = join(folder, "vault.db");
  filePath = join(folder, "checkpoints.jsonl");
  const options = { path: join(folder, "master.key"), clock, random: randomBytes, newId };
  createKeyFile(options);
  const store = openSqliteStore(databasePath);
  const keyring = await openKeyring({ store, provider: openKeyFile(options), clock, random: randomBytes, newId });
  const onFailure = (error: unknown) => expect.fail(String(error));
  const checkpoints = await openCheckpointer({ store, keyring, clock, writer: "main", filePath, onFailure });
  const log = await openAuditLog({
    store,
    clock,
    newId,
    writer: "main",
    onCommit: (rows, head) => checkpoints.committed(rows, head),
  });
  for (let i = 0; i < 10; i++) {
    const id = newId();
    await log.record(id, { kind: "request", app_id: "app", action: "request", decision: "allow", rule: `r${i}` }, null);
    log.outcome(id, "app", localOutcome("done", null, 1));
    await log.flush();
    if (i === 4) await checkpoints.checkpoint();
  }
  await log.close();
  await checkpoints.close();
  await store.close();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function verify(keptText?: string) {
  const store = openSqliteStore(databasePath);
  const kept = parseCheckpointLines(keptText ?? readFileSync(filePath, "utf8"));
  const publicKey = await checkpointPublicKey(store);
  const report = await verifyLog({ store, publicKey, kept });
  await store.close();
  return report;
}

function tamper(sql: string): void {
  const db = openDatabase(databasePath);
  db.run(sql);
  db.close();
}

test("an untouched log is in order, and holds against its checkpoints", async () => {
  expect(await verify()).toEqual({
    ok: true,
    rows: 20,
    chains: 1,
    checkpoints: 2,
    outcome_unknown: [],
    outcome_unknown_total: 0,
    problems: [],
  });
});

test.each([
  ["a row changed", "UPDATE log SET body = replace(body, 'allow', 'deny') WHERE seq = 3"],
  ["the time of a row changed", "UPDATE log SET at = at - 1 WHERE seq = 8"],
  ["a row given to another app", "UPDATE log SET app_id = 'other' WHERE seq = 8"],
  ["a row removed", "DELETE FROM log WHERE seq = 7"],
  ["the first row removed", "DELETE FROM log WHERE seq = 1"],
  ["the tail cut off", "DELETE FROM log WHERE seq > 15"],
  ["everything removed", "DELETE FROM log"],
  [
    "a row inserted at the end with a made-up hash",
    "INSERT INTO log SELECT 21, writer, kind, 'new-id', app_id, at, body, hash, chain_seq FROM log WHERE seq = 20",
  ],
  ["a checkpoint changed", "UPDATE checkpoints SET hash = x'00'"],
])("%s: noticed", async (_name, sql) => {
  tamper(sql);
  const report = await verify();
  expect(report.ok).toBe(false);
  expect(report.problems.length).toBeGreaterThan(0);
});

test("two rows swapped: noticed", async () => {
  tamper("UPDATE log SET seq = 1003 WHERE seq = 3");
  tamper("UPDATE log SET seq = 3 WHERE seq = 5");
  tamper("UPDATE log SET seq = 5 WHERE seq = 1003");
  expect((await verify()).ok).toBe(false);
});

test("a log that was written anew from the start is caught by the checkpoints that were kept elsewhere", async () => {
  const kept = readFileSync(filePath, "utf8");
  tamper("DELETE FROM log");
  tamper("DELETE FROM checkpoints");
  const store = openSqliteStore(databasePath);
  const log = await openAuditLog({ store, clock, newId, writer: "main" });
  for (let i = 0; i < 20; i++)
    await log.record(newId(), { kind: "request", app_id: "app", action: "request", decision: "deny", rule: "r" }, null);
  await log.close();
  await store.close();
  expect((await verify("")).ok).toBe(true);
  const report = await verify(kept);
  expect(report.problems.map(({ problem }) => problem)).toContain("the chain is not the one that was signed here");
});

test("a checkpoint signed by somebody else is refused", async () => {
  const [line = ""] = readFileSync(filePath, "utf8").split("\n");
  const forged = JSON.parse(line) as Record<string, unknown>;
  const report = await verify(`${JSON.stringify({ ...forged, seq: 1 })}\n`);
  expect(report.problems).toEqual([{ writer: "main", seq: 1, problem: "a checkpoint is not signed by this vault" }]);
});

test("a line that a crash cut short is passed over", async () => {
  expect((await verify(`${readFileSync(filePath, "utf8")}{"writer":"main","se`)).ok).toBe(true);
});

test("an allowed entry without an outcome is named", async () => {
  const store = openSqliteStore(databasePath);
  const log = await openAuditLog({ store, clock, newId, writer: "main" });
  const id = newId();
  await log.record(id, { kind: "request", app_id: "app", action: "request", decision: "allow", rule: "r" }, null);
  await log.record(newId(), { kind: "request", app_id: "app", action: "request", decision: "deny", rule: "r" }, null);
  await log.close();
  await store.close();
  expect(await verify()).toMatchObject({ ok: true, outcome_unknown: [id], outcome_unknown_total: 1 });
});

test("a chain in which nothing was written yet is whole, though reads have used up nonces", async () => {
  const store = openSqliteStore(":memory:");
  const options = { path: join(folder, "master.key"), clock, random: randomBytes, newId };
  const keyring = await openKeyring({ store, provider: openKeyFile(options), clock, random: randomBytes, newId });
  const onFailure = (error: unknown) => expect.fail(String(error));
  const checkpoints = await openCheckpointer({ store, keyring, clock, writer: "main", filePath: null, onFailure });
  const onCommit = (rows: number, head: { seq: number; hash: Uint8Array }) => checkpoints.committed(rows, head);
  const log = await openAuditLog({ store, clock, newId, writer: "main", onCommit });
  await log.consume({ created: 1, keyId: "k", nonce: "n" });
  await log.close();
  await checkpoints.close();
  const publicKey = await checkpointPublicKey(store);
  expect(await verifyLog({ store, publicKey, kept: [] })).toMatchObject({ ok: true, rows: 0, checkpoints: 0 });
  await store.close();
});
