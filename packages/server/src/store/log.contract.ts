import { describe, expect, test } from "vitest";
import { eachWithStoreOfTwo, newId, type StoreUnderTest } from "./contract.test-support.ts";
import type { ChainHead, Link, LogAppend } from "./log-records.ts";

/** The log: what is in the chain, what was used up, and how entries are found. */
export function logContract(open: () => Promise<StoreUnderTest>): void {
  describe("log", () => {
    const given = eachWithStoreOfTwo(open);

    const link: Link = (head) => ({ seq: head.seq + 1, hash: Buffer.from([head.seq + 1]) });
    const start: ChainHead = { seq: 0, hash: new Uint8Array(32) };
    const entry = (
      over: {
        appId?: string | null;
        body?: object;
        nonce?: string;
        at?: number;
        kind?: "entry" | "outcome";
        id?: string;
      } = {},
    ): LogAppend => ({
      draft: {
        kind: over.kind ?? "entry",
        entryId: over.id ?? newId(),
        appId: over.appId === undefined ? given.appA : over.appId,
        at: over.at ?? 1_000,
        body: JSON.stringify(over.body ?? { decision: "allow" }),
      },
      nonce: over.nonce === undefined ? null : { created: 100, keyId: "k", nonce: over.nonce },
    });

    test("a replayed nonce is left out with no place in the chain; its neighbours are written", async () => {
      const first = await given.store.appendLog("main", start, [entry({ nonce: "n1" }), entry({ nonce: "n2" })], link);
      expect(first.results).toEqual(["written", "written"]);
      const second = await given.store.appendLog(
        "main",
        first.head,
        [entry({ nonce: "n3" }), entry({ nonce: "n1" }), entry({ nonce: "n3" }), entry()],
        link,
      );
      expect(second.results).toEqual(["written", "replayed", "replayed", "written"]);
      expect(second.head.seq).toBe(4);
      expect((await given.store.readChain("main", 0, 10)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
      expect((await given.store.chainHead("main")).seq).toBe(4);
    });

    test("nonces survive a restart and are forgotten when they are old", async () => {
      const { head } = await given.store.appendLog(
        "main",
        start,
        [{ draft: null, nonce: { created: 100, keyId: "k", nonce: "n" } }],
        link,
      );
      expect(head.seq).toBe(0);
      await given.reopen();
      const again = await given.store.appendLog("main", head, [entry({ nonce: "n" })], link);
      expect(again.results).toEqual(["replayed"]);
      await given.store.forgetNonces(101, 10);
      expect((await given.store.appendLog("main", again.head, [entry({ nonce: "n" })], link)).results).toEqual([
        "written",
      ]);
    });

    test("the same nonce of two keys is two nonces", async () => {
      const of = (keyId: string): LogAppend => ({ draft: null, nonce: { created: 1, keyId, nonce: "n" } });
      expect((await given.store.appendLog("main", start, [of("a"), of("b"), of("a")], link)).results).toEqual([
        "written",
        "written",
        "replayed",
      ]);
    });

    test("the chain of a process that is known to have ended is there for the next, with what is in it", async () => {
      const { writer, head } = await given.store.openChain("a process");
      const written = await given.store.appendLog(writer, head, [entry(), entry()], link);
      await given.store.endProcess("a process", 1);
      await given.store.endProcess("a process that was never there", 1);
      const next = await given.store.openChain("another");
      expect([next.writer, next.head.seq]).toEqual([writer, written.head.seq]);
    });

    test("an append that fails writes nothing at all", async () => {
      const id = newId();
      const failing = [entry({ id, nonce: "x" }), entry({ id })];
      await expect(given.store.appendLog("main", start, failing, link)).rejects.toThrow();
      expect((await given.store.chainHead("main")).seq).toBe(0);
      expect((await given.store.appendLog("main", start, [entry({ nonce: "x" })], link)).results).toEqual(["written"]);
    });

    test("entries come with their outcomes, newest or oldest first, page by page", async () => {
      const ids = Array.from({ length: 5 }, newId);
      const appends = ids.flatMap((id) => [entry({ id }), entry({ id, kind: "outcome", body: { outcome: "done" } })]);
      await given.store.appendLog(
        "main",
        start,
        [...appends, entry({ appId: given.appB }), entry({ appId: null })],
        link,
      );
      const filter = { refs: {}, since: null, until: null };
      const newest = await given.store.listEntries(given.appA, filter, { from: null, order: "newest", limit: 2 });
      expect(newest.map(({ entry: row }) => row.entryId)).toEqual([ids[4], ids[3]]);
      expect(newest[0]?.outcome?.body).toContain("done");
      const following = await given.store.listEntries(given.appA, filter, {
        from: newest[1]?.cursor ?? null,
        order: "newest",
        limit: 10,
      });
      expect(following.map(({ entry: row }) => row.entryId)).toEqual([ids[2], ids[1], ids[0]]);
      const oldest = await given.store.listEntries(given.appA, filter, { from: null, order: "oldest", limit: 10 });
      expect(oldest.map(({ entry: row }) => row.entryId)).toEqual(ids);
      expect(await given.store.listEntries(null, filter, { from: null, order: "oldest", limit: 10 })).toHaveLength(1);
      expect(await given.store.findEntry(given.appB, ids[0] ?? "")).toBeNull();
      expect((await given.store.findEntry(given.appA, ids[0] ?? ""))?.outcome).not.toBeNull();
    });

    test("entries are found by run, thread, tool call, grant and agent, and by time", async () => {
      const wanted = {
        decision: "allow",
        context: { run_id: "r1", thread_id: "t1", tool_call_id: "c1" },
        grant_id: "g1",
        caller: { identifier: "bot" },
      };
      await given.store.appendLog(
        "main",
        start,
        [
          entry({ body: wanted, at: 10 }),
          entry({ body: { ...wanted, context: { run_id: "r2" } }, at: 20 }),
          entry({ at: 30 }),
        ],
        link,
      );
      while ((await given.store.indexLog(2)) > 0) continue;
      const find = async (refs: object, since: number | null = null, until: number | null = null) =>
        (
          await given.store.listEntries(given.appA, { refs, since, until }, { from: null, order: "oldest", limit: 10 })
        ).map(({ entry: row }) => row.seq);
      expect(await find({ run_id: "r1" })).toEqual([1]);
      expect(await find({ thread_id: "t1", tool_call_id: "c1" })).toEqual([1]);
      expect(await find({ grant_id: "g1", agent: "bot" })).toEqual([1, 2]);
      expect(await find({ run_id: "r2", thread_id: "t1" })).toEqual([]);
      expect(await find({ run_id: "nobody" })).toEqual([]);
      expect(await find({}, 20)).toEqual([2, 3]);
      expect(await find({}, 10, 30)).toEqual([1, 2]);
    });

    test("checkpoints are kept in order", async () => {
      const checkpoint = { writer: "main", hash: Buffer.from("h"), at: 1, signature: Buffer.from("s") };
      await given.store.insertCheckpoint({ ...checkpoint, seq: 9 });
      await given.store.insertCheckpoint({ ...checkpoint, seq: 4 });
      expect((await given.store.listCheckpoints("main")).map(({ seq }) => seq)).toEqual([4, 9]);
    });
  });
}
