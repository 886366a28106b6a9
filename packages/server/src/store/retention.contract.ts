import { randomBytes } from "node:crypto";
import { formatUuidV7 } from "@alter-vault/protocol";
import { describe, expect, test } from "vitest";
import {
  eachWithStoreOfTwo,
  newId,
  oauthCredential,
  oauthGrant,
  type StoreUnderTest,
} from "./contract.test-support.ts";
import type { ChainHead, Link, LogAppend } from "./log-records.ts";
import type { HoldRecord, Pruned, SignStart } from "./retention-records.ts";

const JANUARY = Date.UTC(2021, 0, 10);
const FEBRUARY = Date.UTC(2021, 1, 10);
const MARCH = Date.UTC(2021, 2, 10);
/** Nothing of March is older. */
const SPRING = Date.UTC(2021, 2, 1);

/** An end to keeping the log: from the oldest on, in good order, and never what is held. */
export function retentionContract(open: () => Promise<StoreUnderTest>): void {
  describe("retention", () => {
    const given = eachWithStoreOfTwo(open);
    const link: Link = (head) => ({ seq: head.seq + 1, hash: Buffer.from(`row ${head.seq + 1}`) });
    const sign: SignStart = (unsigned) => ({ ...unsigned, signature: Buffer.from("signed") });
    let head: ChainHead = { seq: 0, hash: new Uint8Array(32) };
    let writer = "";

    const entry = (at: number, userId = "ada", appId = given.appA): LogAppend => {
      const entryId = formatUuidV7(at, randomBytes(10));
      return { draft: { kind: "entry", entryId, appId, at, body: JSON.stringify({ user_id: userId }) }, nonce: null };
    };
    const outcomeOf = ({ draft }: LogAppend, at: number): LogAppend => ({
      draft: draft && { ...draft, kind: "outcome", at, body: "{}" },
      nonce: null,
    });

    async function write(appends: readonly LogAppend[]): Promise<void> {
      for (const at of [JANUARY, FEBRUARY, MARCH]) await given.store.prepareLog(at);
      ({ writer, head } = await given.store.openChain(newId()));
      ({ head } = await given.store.appendLog(writer, head, appends, link));
      while ((await given.store.indexLog(100)) > 0) continue;
    }

    /** Until nothing more can go. */
    async function prune(before: number): Promise<Pruned> {
      let rows = 0;
      for (;;) {
        const pruned = await given.store.pruneLog({ before, now: MARCH, limit: 2, sign });
        rows += pruned.rows;
        if (!pruned.hasMore) return { ...pruned, rows };
      }
    }

    const left = async (): Promise<number[]> =>
      (await given.store.readChain(writer, 0, 100)).map(({ seq }) => seq).toSorted((a, b) => a - b);
    const hold = async (over: Partial<HoldRecord> = {}): Promise<HoldRecord> => {
      const record: HoldRecord = {
        id: newId(),
        appId: given.appA,
        userId: null,
        since: null,
        until: null,
        reason: "case 1",
        createdBy: "k",
        createdAt: 5,
        releasedBy: null,
        releasedAt: null,
        ...over,
      };
      await given.store.insertHold(record);
      return record;
    };

    test("how long is said once, and taken back", async () => {
      expect(await given.store.getRetention()).toBeNull();
      await given.store.setRetention({ days: 30, setBy: "k", setAt: 1 });
      await given.store.setRetention({ days: 60, setBy: "l", setAt: 2 });
      await given.reopen();
      expect(await given.store.getRetention()).toEqual({ days: 60, setBy: "l", setAt: 2 });
      await given.store.setRetention(null);
      expect(await given.store.getRetention()).toBeNull();
    });

    test("what is old goes, and its chain begins where it ended; the search finds no more of it", async () => {
      await write([entry(JANUARY), entry(JANUARY + 1), entry(FEBRUARY), entry(MARCH), entry(MARCH + 1)]);
      await given.store.insertCheckpoint({
        writer,
        seq: 2,
        hash: Buffer.from("h"),
        at: 1,
        signature: Buffer.from("s"),
      });
      await given.store.insertCheckpoint({
        writer,
        seq: 4,
        hash: Buffer.from("h"),
        at: 1,
        signature: Buffer.from("s"),
      });
      expect(await prune(SPRING)).toEqual({ rows: 3, hasMore: false, heldBy: null });
      expect(await left()).toEqual([4, 5]);
      const [start] = await given.store.chainStarts();
      expect({ ...start, hash: Buffer.from(start?.hash ?? []).toString(), signature: "" }).toEqual({
        writer,
        seq: 3,
        hash: "row 3",
        before: SPRING,
        at: MARCH,
        signature: "",
      });
      expect((await given.store.listCheckpoints(writer)).map(({ seq }) => seq)).toEqual([4]);
      const filter = { refs: { user_id: "ada" }, since: null, until: null };
      const found = await given.store.listEntries(given.appA, filter, { from: null, order: "oldest", limit: 10 });
      expect(found.map(({ entry: row }) => row.seq)).toEqual([4, 5]);
      expect(await prune(SPRING)).toEqual({ rows: 0, hasMore: false, heldBy: null });
    });

    test("when all of it is old, the chain still goes on where it ended, also after a restart", async () => {
      await write([entry(JANUARY), entry(JANUARY + 1)]);
      await prune(SPRING);
      expect(await left()).toEqual([]);
      await given.reopen();
      expect((await given.store.chainHead(writer)).seq).toBe(2);
      expect(await given.store.chainWriters()).toEqual([writer]);
      ({ head } = await given.store.appendLog(writer, head, [entry(MARCH)], link));
      expect(await left()).toEqual([3]);
    });

    test("an outcome that came after younger entries stays in its place, and goes with them", async () => {
      const last = entry(JANUARY);
      await write([entry(JANUARY - 1), last, entry(FEBRUARY), outcomeOf(last, FEBRUARY + 1), entry(MARCH)]);
      await prune(Date.UTC(2021, 1, 1));
      expect(await left()).toEqual([3, 4, 5]);
      await prune(SPRING);
      expect(await left()).toEqual([5]);
      expect((await given.store.chainStarts()).map(({ seq }) => seq)).toEqual([4]);
    });

    test.each([
      ["an app", {}, 0],
      ["a user", { userId: "eve" }, 2],
      ["a time", { since: FEBRUARY, until: FEBRUARY + 1 }, 2],
    ] as const)("a hold on %s keeps it and what came after it, until it is released", async (_name, over, goes) => {
      await write([entry(JANUARY), entry(JANUARY), entry(FEBRUARY, "eve"), entry(FEBRUARY, "ada"), entry(MARCH)]);
      const { id } = await hold(over);
      expect(await prune(SPRING)).toEqual({ rows: goes, hasMore: false, heldBy: id });
      expect(await left()).toEqual([1, 2, 3, 4, 5].slice(goes));
      expect(await given.store.releaseHold(given.appB, id, "k", 8)).toBeNull();
      expect((await prune(SPRING)).heldBy).toBe(id);
      expect(await given.store.releaseHold(given.appA, id, "l", 9)).toMatchObject({ releasedBy: "l", releasedAt: 9 });
      expect(await given.store.releaseHold(given.appA, id, "m", 10)).toMatchObject({ releasedBy: "l", releasedAt: 9 });
      expect(await prune(SPRING)).toEqual({ rows: 4 - goes, hasMore: false, heldBy: null });
      expect(await left()).toEqual([5]);
    });

    test("a hold on a user keeps what was done with their account by others", async () => {
      const grant = oauthGrant(given.appA, { principalType: "user", principalId: "eve" });
      await given.store.insertOAuthGrant(grant, oauthCredential(grant));
      const lent = entry(FEBRUARY);
      const body = JSON.stringify({ principal_id: "eve", grant_id: grant.id });
      await write([
        entry(JANUARY),
        { ...lent, draft: lent.draft && { ...lent.draft, body } },
        entry(FEBRUARY),
        entry(MARCH),
      ]);
      const { id } = await hold({ userId: "eve" });
      expect(await prune(SPRING)).toEqual({ rows: 1, hasMore: false, heldBy: id });
    });

    test.each([
      ["another app", { appId: "other" }],
      ["another user", { userId: "nobody" }],
      ["another time", { since: MARCH, until: null }],
      ["a time before", { since: null, until: JANUARY }],
    ])("a hold on %s keeps nothing of it", async (_name, over) => {
      await write([entry(JANUARY), entry(FEBRUARY), entry(MARCH)]);
      await hold(over);
      expect((await prune(SPRING)).rows).toBe(2);
    });

    test("holds are listed for their app, newest first", async () => {
      const [first, second] = [await hold({ userId: "ada", since: 1, until: 2 }), await hold()];
      await hold({ appId: given.appB });
      expect(await given.store.listHolds(given.appA)).toEqual([second, first]);
    });
  });
}
