import { randomBytes } from "node:crypto";
import { expect, test, vi } from "vitest";
import { createIds } from "../random.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import type { LogStore } from "../store/log-records.ts";
import { localOutcome, type KnownEntry } from "./entry.ts";
import { openAuditLog } from "./log.ts";
import { toAuditEntry } from "./read.ts";
import { verifyLog } from "./verify.ts";

const clock = { now: () => Date.now(), monotonic: () => performance.now() };
const newId = createIds(clock, randomBytes);
const entry: KnownEntry = { kind: "request", app_id: "app", action: "request", decision: "allow", rule: "base" };
const nonce = (text: string) => ({ created: 1_700_000_000, keyId: "key", nonce: text });
const verify = (store: LogStore) => verifyLog({ store, publicKey: null, kept: [] });

test("what is asked at once shares commits, and every entry is there when its promise resolves", async () => {
  const store = openSqliteStore(":memory:");
  let commits = 0;
  const log = await openAuditLog({ store, clock, newId, writer: "main", onCommit: () => commits++ });
  const ids = Array.from({ length: 300 }, newId);
  await Promise.all(
    ids.map(async (id) => {
      expect(await log.record(id, entry, nonce(`n-${id}`))).toBe("recorded");
      expect(await store.findEntry("app", id)).not.toBeNull();
    }),
  );
  expect(commits).toBeLessThan(10);
  await log.close();
  expect(await verify(store)).toMatchObject({ ok: true, rows: 300, outcome_unknown_total: 300 });
});

test("a nonce is used once, also among calls of the same moment", async () => {
  const store = openSqliteStore(":memory:");
  const log = await openAuditLog({ store, clock, newId, writer: "main" });
  const results = await Promise.all(Array.from({ length: 8 }, () => log.record(newId(), entry, nonce("same"))));
  expect(results.toSorted()).toEqual(["recorded", ...Array<string>(7).fill("replayed")]);
  expect(await log.consume(nonce("same"))).toBe("replayed");
  expect(await verify(store)).toMatchObject({ ok: true, rows: 1 });
});

test("outcomes are written without being waited for, and close() leaves none behind", async () => {
  const store = openSqliteStore(":memory:");
  const log = await openAuditLog({ store, clock, newId, writer: "main" });
  const id = newId();
  await log.record(id, entry, null);
  log.outcome(id, "app", localOutcome("done", null, 1));
  await log.close();
  expect((await store.findEntry("app", id))?.outcome?.body).toContain("done");
  expect(await log.record(newId(), entry, null)).toBe("unavailable");
});

/** Fails call number `failAt` of the store's write, before or after it took effect. */
function failing(store: LogStore, failAt: number, moment: "before" | "after"): LogStore {
  let calls = 0;
  return {
    ...store,
    async appendLog(...input) {
      calls++;
      if (calls === failAt && moment === "before") throw new Error("disk full");
      const written = await store.appendLog(...input);
      if (calls === failAt) throw new Error("connection lost");
      return written;
    },
  };
}

test.each(["before", "after"] as const)(
  "a write that fails %s it took effect: nobody is told yes, and the chain goes on",
  async (moment) => {
    for (let failAt = 1; failAt <= 4; failAt++) {
      const store = openSqliteStore(":memory:");
      const log = await openAuditLog({ store: failing(store, failAt, moment), clock, newId, writer: "main" });
      for (let call = 1; call <= 5; call++) {
        expect(await log.record(newId(), entry, nonce(`${call}`))).toBe(call === failAt ? "unavailable" : "recorded");
      }
      await log.close();
      expect(await verify(store)).toMatchObject({ ok: true, rows: moment === "before" ? 4 : 5 });
    }
  },
);

test("outcomes that could not be written are written later", async () => {
  const store = openSqliteStore(":memory:");
  const log = await openAuditLog({ store: failing(store, 2, "before"), clock, newId, writer: "main" });
  const id = newId();
  await log.record(id, entry, null);
  log.outcome(id, "app", localOutcome("done", null, 1));
  await log.flush();
  expect((await store.findEntry("app", id))?.outcome).toBeNull();
  await log.flush();
  expect((await store.findEntry("app", id))?.outcome).not.toBeNull();
});

test("a closed log tries nothing more: a process whose store is gone can end", async () => {
  vi.useFakeTimers();
  try {
    const store = openSqliteStore(":memory:");
    const gone: LogStore = { ...store, appendLog: () => Promise.reject(new Error("gone")) };
    const log = await openAuditLog({ store: gone, clock, newId, writer: "main" });
    await log.close();
    log.outcome(newId(), "app", localOutcome("done", null, 1));
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

test("an allowed entry of an earlier run without an outcome reads as unknown; of this run, as pending", async () => {
  const store = openSqliteStore(":memory:");
  const { writer } = await store.openChain(newId());
  const first = await openAuditLog({ store, clock, newId, writer });
  const id = newId();
  await first.record(id, entry, null);
  const found = await store.findEntry("app", id);
  if (!found) throw new Error("not written");
  expect(toAuditEntry(found, await store.runningChains()).outcome).toBe("pending");
  await store.openChain(newId());
  expect(toAuditEntry(found, await store.runningChains()).outcome).toBe("unknown");
  await store.closeChain(writer);
  expect(toAuditEntry(found, await store.runningChains()).outcome).toBe("unknown");
});
