import { beforeEach, describe, expect, test } from "vitest";
import { eachWithStoreOfTwo, newId, type StoreUnderTest } from "./contract.test-support.ts";
import type { Slot, Take, Taken, Wanted } from "./limit-records.ts";
import type { LogAppend, Nonce } from "./log-records.ts";

/** Limits that are counted: how often, and how many at the same time. */
export function limitContract(open: () => Promise<StoreUnderTest>): void {
  describe("limits", () => {
    const given = eachWithStoreOfTwo(open);
    let holder: string;
    beforeEach(async () => {
      holder = (await given.store.openChain(newId())).writer;
    });

    const take = (over: Partial<Take> = {}): Take => ({
      ruleId: "r",
      key: "grant g",
      calls: 3,
      windowMs: 60_000,
      ...over,
    });
    const slot = (over: Partial<Slot> = {}): Slot => ({ ruleId: "two", key: "grant g", calls: 2, ...over });
    const wanted = (over: Partial<Wanted> = {}): Wanted => ({
      callId: newId(),
      holder,
      takes: [],
      slots: [],
      nonce: null,
      ...over,
    });
    const takeFor = (one: Wanted, now = 1, appId = given.appA): Promise<Taken> =>
      given.store.takeLimits(appId, one, now);
    const times = async (count: number, now: number, takes = [take()]): Promise<Taken[]> => {
      const all: Taken[] = [];
      for (let at = 0; at < count; at++) all.push(await takeFor(wanted({ takes }), now));
      return all;
    };
    const oks = (taken: readonly Taken[]): boolean[] => taken.map(({ ok }) => ok);

    describe("how often", () => {
      test("as many as there are, and no more within any window", async () => {
        const now = 1_000_000_000;
        expect(oks(await times(4, now))).toEqual([true, true, true, false]);
        const [full] = await times(1, now + 59_999);
        expect(full).toMatchObject({ ok: false, why: "full", full: { ruleId: "r", limit: 3, remaining: 0 } });
        const wait = full?.ok === false && full.why === "full" ? full.full.resetMs : 0;
        expect(wait).toBeGreaterThan(0);
        expect(wait).toBeLessThanOrEqual(2_000);
        expect((await times(1, now + 59_999 + wait))[0]).toMatchObject({ ok: true });
      });

      test("survives a restart", async () => {
        await times(3, 1_000_000_000);
        await given.reopen();
        expect(oks(await times(1, 1_000_001_000))).toEqual([false]);
      });

      test("without a window they never come back", async () => {
        const budget = [take({ windowMs: null })];
        expect(oks(await times(4, 1, budget))).toEqual([true, true, true, false]);
        expect(oks(await times(1, 1e14, budget))).toEqual([false]);
      });

      test("all or none: what has no room costs the others nothing", async () => {
        const one = take({ ruleId: "one", calls: 1 });
        const many = take({ ruleId: "many", calls: 2 });
        expect(oks(await times(1, 1, [many, one]))).toEqual([true]);
        expect(oks(await times(3, 1, [many, one]))).toEqual([false, false, false]);
        expect(oks(await times(2, 1, [many]))).toEqual([true, false]);
      });

      test("each rule, key and app for itself", async () => {
        await times(3, 1);
        expect(oks(await times(1, 1, [take({ key: "grant h" })]))).toEqual([true]);
        expect(oks(await times(1, 1, [take({ ruleId: "s" })]))).toEqual([true]);
        expect(await takeFor(wanted({ takes: [take()] }), 1, given.appB)).toMatchObject({ ok: true });
      });

      test("counters of windows that are over are forgotten", async () => {
        await times(1, 1_000);
        expect(await given.store.forgetTakes(1_000, 10)).toBe(0);
        expect(await given.store.forgetTakes(1_000_000, 10)).toBe(1);
      });

      test("what is given back can be taken again, in the part of the window it was taken in", async () => {
        const now = 1_000_000_000;
        const takes = [take(), take({ ruleId: "budget", windowMs: null })];
        const last = wanted({ takes });
        await times(2, now, takes);
        await takeFor(last, now + 5_000);
        expect(oks(await times(1, now + 6_000, takes))).toEqual([false]);
        await given.store.giveBackLimits(given.appA, last, now + 5_000);
        expect(oks(await times(2, now + 6_000, takes))).toEqual([true, false]);
      });

      test("what was never taken gives nobody room", async () => {
        await times(3, 1_000);
        await given.store.giveBackLimits(given.appB, wanted({ takes: [take()] }), 1_000);
        await given.store.giveBackLimits(given.appA, wanted({ takes: [take({ key: "grant h" })] }), 1_000);
        expect(oks(await times(1, 1_000))).toEqual([false]);
        expect(oks(await times(4, 1_000, [take({ key: "grant h" })]))).toEqual([true, true, true, false]);
      });
    });

    describe("how many at the same time", () => {
      test("a place is taken until its call is over", async () => {
        const [one, other] = [wanted({ slots: [slot()] }), wanted({ slots: [slot()] })];
        expect(oks([await takeFor(one), await takeFor(other)])).toEqual([true, true]);
        expect(await takeFor(wanted({ slots: [slot()] }))).toEqual({ ok: false, why: "busy", busy: slot() });
        await given.store.leaveSlots(given.appB, one);
        expect(await takeFor(wanted({ slots: [slot()] }))).toMatchObject({ ok: false });
        await given.store.leaveSlots(given.appA, one);
        await given.store.leaveSlots(given.appA, one);
        expect(oks([await takeFor(wanted({ slots: [slot()] })), await takeFor(one)])).toEqual([true, false]);
      });

      test("each rule, key and app for itself", async () => {
        const only = slot({ calls: 1 });
        await takeFor(wanted({ slots: [only] }));
        const others = [slot({ calls: 1, key: "grant h" }), slot({ calls: 1, ruleId: "other" })];
        for (const other of others) expect(await takeFor(wanted({ slots: [other] }))).toMatchObject({ ok: true });
        expect(await takeFor(wanted({ slots: [only] }), 1, given.appB)).toMatchObject({ ok: true });
        expect(await takeFor(wanted({ slots: [only] }))).toMatchObject({ ok: false });
      });

      test("all or none, with what is counted", async () => {
        const only = wanted({ slots: [slot({ calls: 1 })] });
        await takeFor(only);
        const both = () => wanted({ takes: [take({ calls: 1 })], slots: [slot({ calls: 1 })] });
        expect(await takeFor(both())).toMatchObject({ ok: false, why: "busy" });
        await given.store.leaveSlots(given.appA, only);
        expect(await takeFor(both())).toMatchObject({ ok: true });
        const none = wanted({ takes: [take({ calls: 1 })], slots: [slot({ ruleId: "free" })] });
        expect(await takeFor(none)).toMatchObject({ ok: false, why: "full" });
        expect(
          oks(await Promise.all([1, 2].map(() => takeFor(wanted({ slots: [slot({ ruleId: "free" })] }))))),
        ).toEqual([true, true]);
      });

      test("what is given back is free", async () => {
        const one = wanted({ slots: [slot({ calls: 1 })], takes: [take({ calls: 1 })] });
        await takeFor(one);
        await given.store.giveBackLimits(given.appA, one, 1);
        expect(await takeFor({ ...one, callId: newId() })).toMatchObject({ ok: true });
      });

      test("what a process does not say it keeps is free, and so is everything when it starts anew", async () => {
        const [kept, lost] = [wanted({ slots: [slot()] }), wanted({ slots: [slot()] })];
        await takeFor(kept);
        await takeFor(lost);
        await given.store.keepSlots(holder, [kept.callId]);
        expect(oks([await takeFor(lost), await takeFor(wanted({ slots: [slot()] }))])).toEqual([true, false]);
        await given.store.closeChain(holder);
        await given.reopen();
        holder = (await given.store.openChain(newId())).writer;
        await given.store.keepSlots(holder, []);
        expect(oks([await takeFor(wanted({ slots: [slot()] })), await takeFor(wanted({ slots: [slot()] }))])).toEqual([
          true,
          true,
        ]);
      });
    });

    describe("a replay", () => {
      const nonce: Nonce = { created: 1_000, keyId: "key", nonce: "once" };
      const link = (head: { seq: number }) => ({ seq: head.seq + 1, hash: Buffer.from(`row ${head.seq + 1}`) });
      const write = async (): Promise<void> => {
        const append: LogAppend = {
          draft: { kind: "entry", entryId: newId(), appId: given.appA, at: 1, body: "{}" },
          nonce,
        };
        await given.store.appendLog(holder, await given.store.chainHead(holder), [append], link);
      };

      test("is known as soon as its nonce was written, also after a restart", async () => {
        expect(await given.store.nonceUsed(nonce)).toBe(false);
        await write();
        expect(await given.store.nonceUsed(nonce)).toBe(true);
        for (const other of [{ created: 1_001 }, { keyId: "kez" }, { nonce: "twice" }])
          expect(await given.store.nonceUsed({ ...nonce, ...other })).toBe(false);
        await given.reopen();
        expect(await given.store.nonceUsed(nonce)).toBe(true);
      });

      test("takes nothing, even from what has no room", async () => {
        const takes = [take({ calls: 1 })];
        const slots = [slot({ calls: 1 })];
        await write();
        for (let at = 0; at < 3; at++)
          expect(await takeFor(wanted({ takes, slots, nonce }))).toEqual({ ok: false, why: "replayed" });
        expect(await takeFor(wanted({ takes, slots }))).toMatchObject({ ok: true });
        expect(await takeFor(wanted({ takes, slots, nonce }))).toEqual({ ok: false, why: "replayed" });
      });
    });
  });
}
