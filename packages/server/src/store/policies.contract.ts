import { describe, expect, test } from "vitest";
import { eachWithStoreOfTwo, type StoreUnderTest } from "./contract.test-support.ts";
import type { PolicyChange, StopRecord } from "./policy-records.ts";

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
  });
}
