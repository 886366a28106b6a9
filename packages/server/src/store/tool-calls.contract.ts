import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { addTwoApps, bytes, newId, type StoreUnderTest } from "./contract.test-support.ts";
import type { Store, ToolCallRecord } from "./store.ts";

/** Calls of tools: claimed once, and what came of them. */
export function toolCallContract(open: () => Promise<StoreUnderTest>): void {
  describe("calls of tools", () => {
    let under: StoreUnderTest;
    let store: Store;
    let appA: string;
    let appB: string;

    beforeEach(async () => {
      under = await open();
      store = under.store;
      [appA, appB] = await addTwoApps(store);
    });
    afterEach(() => under.close());

    const call = (over: Partial<ToolCallRecord> = {}): ToolCallRecord => ({
      id: randomBytes(32).toString("hex"),
      appId: appA,
      requestHash: "hash",
      entryId: newId(),
      state: "open",
      claimedAt: 100,
      expiresAt: 700,
      ...over,
    });

    test("of many who claim at once, one gets it, and the others see who", async () => {
      const first = call();
      const all = Array.from({ length: 10 }, (_, index) => (index === 0 ? first : { ...first, entryId: newId() }));
      const answers = await Promise.all(all.map((one) => store.claimToolCall(one, 100)));
      const winner = all[answers.indexOf(null)];
      expect(answers.filter((answer) => answer === null)).toHaveLength(1);
      for (const answer of answers) if (answer) expect(answer).toEqual(winner);
    });

    test("an answer is found again, also after a restart, by its own app only", async () => {
      const one = call();
      const sealed = randomBytes(90);
      await store.claimToolCall(one, 100);
      await store.settleToolCall(appA, one.id, one.entryId, "answered", sealed);
      store = await under.reopen();
      expect(await store.claimToolCall({ ...one, entryId: newId() }, 200)).toEqual({ ...one, state: "answered" });
      expect(bytes((await store.findToolCallAnswer(appA, one.id)) ?? undefined)).toBe(bytes(sealed));
      expect(await store.findToolCallAnswer(appB, one.id)).toBeNull();
    });

    test("only whoever claimed it settles or releases it, and only once", async () => {
      const one = call();
      await store.claimToolCall(one, 100);
      await store.settleToolCall(appA, one.id, newId(), "done", null);
      await store.releaseToolCall(appA, one.id, newId());
      await store.settleToolCall(appB, one.id, one.entryId, "done", null);
      await store.releaseToolCall(appB, one.id, one.entryId);
      expect(await store.claimToolCall({ ...one, entryId: newId() }, 100)).toEqual(one);
      await store.settleToolCall(appA, one.id, one.entryId, "unknown", null);
      await store.settleToolCall(appA, one.id, one.entryId, "done", null);
      await store.releaseToolCall(appA, one.id, one.entryId);
      expect(await store.claimToolCall(one, 100)).toMatchObject({ state: "unknown" });
    });

    test("what is released can be claimed again", async () => {
      const one = call();
      await store.claimToolCall(one, 100);
      await store.releaseToolCall(appA, one.id, one.entryId);
      expect(await store.claimToolCall({ ...one, requestHash: "other" }, 100)).toBeNull();
    });

    test("what has expired can be claimed again, and its answer is gone", async () => {
      const one = call();
      await store.claimToolCall(one, 100);
      await store.settleToolCall(appA, one.id, one.entryId, "answered", randomBytes(9));
      expect(await store.claimToolCall({ ...one, claimedAt: 700, expiresAt: 1_300 }, 700)).toBeNull();
      expect(await store.findToolCallAnswer(appA, one.id)).toBeNull();
    });

    test("forgets what has expired, the oldest first", async () => {
      const kept = call({ expiresAt: 900 });
      const ended = [call({ expiresAt: 300 }), call({ expiresAt: 200 })];
      for (const one of [kept, ...ended]) {
        await store.claimToolCall(one, 100);
        await store.settleToolCall(appA, one.id, one.entryId, "answered", randomBytes(9));
      }
      expect(await store.forgetToolCalls(700, 1)).toBe(1);
      expect(await store.findToolCallAnswer(appA, ended[1]?.id ?? "")).toBeNull();
      expect(await store.forgetToolCalls(700, 10)).toBe(1);
      expect(await store.forgetToolCalls(700, 10)).toBe(0);
      expect(await store.findToolCallAnswer(appA, kept.id)).not.toBeNull();
    });

    test("what a process left open when it ended is unknown for good", async () => {
      const [open_, done] = [call(), call()];
      await store.claimToolCall(open_, 100);
      await store.claimToolCall(done, 100);
      await store.settleToolCall(appA, done.id, done.entryId, "done", null);
      store = await under.reopen();
      expect(await store.abandonToolCalls()).toBe(1);
      expect(await store.claimToolCall(open_, 100)).toMatchObject({ state: "unknown" });
      expect(await store.claimToolCall(done, 100)).toMatchObject({ state: "done" });
    });
  });
}
