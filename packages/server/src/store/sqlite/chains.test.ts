import { expect, test } from "vitest";
import { linkRow } from "../../audit/chain.ts";
import { verifyLog } from "../../audit/verify.ts";
import { newId } from "../contract.test-support.ts";
import type { ChainHead, LogDraft } from "../log-records.ts";
import { openDatabase, type Database } from "./database.ts";
import { logStore } from "./log.ts";
import { openSeenNonces } from "./seen-nonces.ts";

const START: ChainHead = { seq: 0, hash: new Uint8Array(32) };
const draft = (): LogDraft => ({
  kind: "entry",
  entryId: newId(),
  appId: "app",
  at: 1,
  body: '{"decision":"deny","context":{"run_id":"r"}}',
});

/** Rows of two chains that another vault wrote, by their time. */
function importTwoChains(db: Database): void {
  const heads = new Map([
    ["main", START],
    ["other", START],
  ]);
  for (const [place, writer] of ["main", "other", "other", "main", "other"].entries()) {
    const row = draft();
    const head = linkRow(heads.get(writer) ?? START, row);
    heads.set(writer, head);
    const values = [
      place + 1,
      writer,
      row.kind,
      row.entryId,
      row.appId,
      row.at,
      row.body,
      head.hash,
      head.seq,
    ] as const;
    db.run("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", ...values);
  }
}

const verify = (db: Database) => verifyLog({ store: logStore(db, openSeenNonces(db)), publicKey: null, kept: [] });

test("imported chains verify, and the vault's own begins behind them", async () => {
  const db = openDatabase(":memory:");
  importTwoChains(db);
  expect(await verify(db)).toMatchObject({ ok: true, rows: 5, chains: 2 });

  let store = logStore(db, openSeenNonces(db));
  expect((await store.chainHead("main")).seq).toBe(2);
  await expect(store.appendLog("main", await store.chainHead("main"), [], linkRow)).rejects.toThrow(/not written/);
  const { writer, head } = await store.openChain("fresh");
  expect([writer, head]).toEqual(["fresh", START]);
  const row = draft();
  await store.appendLog(writer, head, [{ draft: row, nonce: null }], linkRow);
  expect(await verify(db)).toMatchObject({ ok: true, rows: 6, chains: 3 });

  // As a restart does.
  store = logStore(db, openSeenNonces(db));
  const again = await store.openChain("another");
  expect([again.writer, again.head.seq]).toEqual(["fresh", 1]);
  expect([...(await store.runningChains())]).toEqual([["fresh", 1]]);
  await store.appendLog("fresh", again.head, [{ draft: draft(), nonce: null }], linkRow);
  expect(await verify(db)).toMatchObject({ ok: true, rows: 7, chains: 3 });
  expect((await store.readChain("fresh", 1, 10)).map(({ seq }) => seq)).toEqual([2]);
  expect((await store.readChain("other", 1, 1)).map(({ seq }) => seq)).toEqual([2]);

  while ((await store.indexLog(2)) > 0) continue;
  const page = { from: null, order: "newest", limit: 10 } as const;
  const filter = { refs: { run_id: "r" }, since: null, until: null };
  const listed = await store.listEntries("app", filter, page);
  expect(listed.map(({ entry }) => `${entry.writer} ${entry.seq}`)).toEqual([
    "fresh 2",
    "fresh 1",
    "other 3",
    "main 2",
    "other 2",
    "other 1",
    "main 1",
  ]);
  db.close();
});

test.each([
  "UPDATE log SET body = '{}' WHERE writer = 'other' AND chain_seq = 2",
  "DELETE FROM log WHERE writer = 'other' AND chain_seq = 2",
  "UPDATE log SET chain_seq = NULL WHERE writer = 'other' AND chain_seq = 2",
  "UPDATE log SET chain_seq = 9 WHERE writer = 'main' AND chain_seq = 2",
  "UPDATE own_chain SET starts_after = 4",
])("%s: noticed", async (sql) => {
  const db = openDatabase(":memory:");
  importTwoChains(db);
  const store = logStore(db, openSeenNonces(db));
  const { writer, head } = await store.openChain("fresh");
  const appends = [draft(), draft()].map((row) => ({ draft: row, nonce: null }));
  await store.appendLog(writer, head, appends, linkRow);
  expect(await verify(db)).toMatchObject({ ok: true });
  db.run(sql);
  expect((await verify(db)).ok).toBe(false);
  db.close();
});
