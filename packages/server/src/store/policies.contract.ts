import { describe, expect, test } from "vitest";
import { eachWithStoreOfTwo, type StoreUnderTest } from "./contract.test-support.ts";
import type { PolicyChange, StopRecord, Take, Taken } from "./policy-records.ts";

/** Policies: versions, what counts, stops, and counters of limits. */
export function policyContract(open: () => Promise<StoreUnderTest>): void {
  describe("policies", () => {
    const given = eachWithStoreOfTwo(open);
    const change = (over: Partial<PolicyChange> & Pick<PolicyChange, "make">): PolicyChange => ({
      as: "published",
      by: "key",
      at: 100,
      ...over,
    });
    const document = (name: string, note: string | null = null) => ({
      make: { document: `{"rules":"${name}"}`, note },
    });

    test("an app that has said nothing has an empty head", async () => {
      expect(await given.store.policyHead(given.appA)).toEqual({ published: null, shadow: null, stops: [] });
      expect(await given.store.listPolicyVersions(given.appA, null, 10)).toEqual([]);
      expect(await given.store.findPolicyDraft(given.appA)).toBeNull();
    });

    test("versions count up, and the head follows at once", async () => {
      const { store, appA, appB } = given;
      expect(await store.changePolicy(appA, change(document("one", "first")))).toEqual({
        appId: appA,
        version: 1,
        document: '{"rules":"one"}',
        note: "first",
        createdBy: "key",
        createdAt: 100,
      });
      expect((await store.policyHead(appA)).published).toBe(1);
      await store.changePolicy(appA, change(document("two")));
      expect((await store.policyHead(appA)).published).toBe(2);
      expect((await store.policyHead(appB)).published).toBeNull();
      expect(await store.findPolicyVersion(appB, 1)).toBeNull();
      expect((await store.listPolicyVersions(appA, null, 10)).map(({ version }) => version)).toEqual([2, 1]);
      expect((await store.listPolicyVersions(appA, 2, 10)).map(({ version }) => version)).toEqual([1]);
      await store.changePolicy(appA, change({ make: { version: 1 } }));
      expect((await store.policyHead(appA)).published).toBe(1);
      expect(await store.changePolicy(appA, change({ make: { version: 9 } }))).toBeNull();
      await given.reopen();
      expect((await given.store.policyHead(appA)).published).toBe(1);
    });

    test("a change that expects another version changes nothing", async () => {
      const { store, appA } = given;
      expect(await store.changePolicy(appA, change({ ...document("one"), expected: 1 }))).toBe("moved");
      expect(await store.changePolicy(appA, change({ ...document("one"), expected: null }))).toMatchObject({
        version: 1,
      });
      expect(await store.changePolicy(appA, change({ ...document("two"), expected: null }))).toBe("moved");
      expect(await store.listPolicyVersions(appA, null, 10)).toHaveLength(1);
    });

    test("a shadow ends when it is ended, or counts", async () => {
      const { store, appA } = given;
      await store.changePolicy(appA, change({ ...document("one"), as: "shadow" }));
      expect(await store.policyHead(appA)).toMatchObject({ published: null, shadow: 1 });
      await store.endShadow(appA);
      expect((await store.policyHead(appA)).shadow).toBeNull();
      await store.changePolicy(appA, change({ make: { version: 1 }, as: "shadow" }));
      await store.changePolicy(appA, change({ make: { version: 1 } }));
      expect(await store.policyHead(appA)).toMatchObject({ published: 1, shadow: null });
    });

    test("one draft", async () => {
      const { store, appA, appB } = given;
      await store.putPolicyDraft(appA, { document: "1", savedBy: "k", savedAt: 1 });
      await store.putPolicyDraft(appA, { document: "2", savedBy: "k", savedAt: 2 });
      expect(await store.findPolicyDraft(appA)).toEqual({ document: "2", savedBy: "k", savedAt: 2 });
      expect(await store.findPolicyDraft(appB)).toBeNull();
      await store.putPolicyDraft(appA, null);
      expect(await store.findPolicyDraft(appA)).toBeNull();
    });

    test("stops", async () => {
      const { store, appA, appB } = given;
      const stop: StopRecord = { kind: "agent", value: "bot", reason: "odd", createdBy: "k", createdAt: 5 };
      expect(await store.putStop(appA, stop)).toEqual(stop);
      expect(await store.putStop(appA, { ...stop, reason: "later" })).toEqual(stop);
      expect((await store.policyHead(appA)).stops).toEqual([stop]);
      expect((await store.policyHead(appB)).stops).toEqual([]);
      expect(await store.liftStop(appB, "agent", "bot")).toBe(false);
      expect(await store.liftStop(appA, "agent", "bot")).toBe(true);
      expect((await store.policyHead(appA)).stops).toEqual([]);
    });

    describe("limits", () => {
      const take = (over: Partial<Take> = {}): Take => ({
        ruleId: "r",
        key: "grant g",
        calls: 3,
        windowMs: 60_000,
        ...over,
      });
      const times = async (count: number, now: number, takes = [take()]): Promise<Taken[]> => {
        const all: Taken[] = [];
        for (let at = 0; at < count; at++) all.push(await given.store.takeLimits(given.appA, takes, now));
        return all;
      };

      test("as many as there are, and no more within any window", async () => {
        const now = 1_000_000_000;
        expect((await times(4, now)).map(({ ok }) => ok)).toEqual([true, true, true, false]);
        const [full] = await times(1, now + 59_999);
        expect(full).toMatchObject({ ok: false, full: { ruleId: "r", limit: 3, remaining: 0 } });
        const wait = full?.ok === false ? full.full.resetMs : 0;
        expect(wait).toBeGreaterThan(0);
        expect(wait).toBeLessThanOrEqual(2_000);
        expect((await times(1, now + 59_999 + wait))[0]).toMatchObject({ ok: true });
      });

      test("survive a restart", async () => {
        await times(3, 1_000_000_000);
        await given.reopen();
        expect(await given.store.takeLimits(given.appA, [take()], 1_000_001_000)).toMatchObject({ ok: false });
      });

      test("without a window they never come back", async () => {
        const budget = [take({ windowMs: null })];
        expect((await times(4, 1, budget)).map(({ ok }) => ok)).toEqual([true, true, true, false]);
        expect((await times(1, 1e14, budget))[0]).toMatchObject({ ok: false });
      });

      test("all or none: what has no room costs the others nothing", async () => {
        const one = take({ ruleId: "one", calls: 1 });
        const many = take({ ruleId: "many", calls: 2 });
        expect((await times(1, 1, [many, one]))[0]).toMatchObject({ ok: true });
        expect((await times(3, 1, [many, one])).map(({ ok }) => ok)).toEqual([false, false, false]);
        expect((await times(2, 1, [many])).map(({ ok }) => ok)).toEqual([true, false]);
      });

      test("each rule, key and app for itself", async () => {
        await times(3, 1);
        expect((await times(1, 1, [take({ key: "grant h" })]))[0]).toMatchObject({ ok: true });
        expect((await times(1, 1, [take({ ruleId: "s" })]))[0]).toMatchObject({ ok: true });
        expect(await given.store.takeLimits(given.appB, [take()], 1)).toMatchObject({ ok: true });
      });

      test("counters of windows that are over are forgotten", async () => {
        await times(1, 1_000);
        expect(await given.store.forgetTakes(1_000, 10)).toBe(0);
        expect(await given.store.forgetTakes(1_000_000, 10)).toBe(1);
      });
    });
  });
}
