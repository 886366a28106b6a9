import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { bytes, eachWithStoreOfTwo, newId, type StoreUnderTest } from "./contract.test-support.ts";
import type { ToolCallRecord } from "./tool-call-records.ts";

/** Calls of tools: claimed once, and what came of them. */
export function toolCallContract(open: () => Promise<StoreUnderTest>): void {
  describe("calls of tools", () => {
    const given = eachWithStoreOfTwo(open);

    const call = (over: Partial<ToolCallRecord> = {}): ToolCallRecord => ({
      id: randomBytes(32).toString("hex"),
      appId: given.appA,
      userId: "user",
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
      const answers = await Promise.all(all.map((one) => given.store.claimToolCall(one, 100)));
      const winner = all[answers.indexOf(null)];
      expect(answers.filter((answer) => answer === null)).toHaveLength(1);
      for (const answer of answers) if (answer) expect(answer).toEqual(winner);
    });

    test("an answer is found again, also after a restart, by its own app only", async () => {
      const one = call();
      const sealed = randomBytes(90);
      await given.store.claimToolCall(one, 100);
      await given.store.settleToolCall(given.appA, one.id, one.entryId, "answered", sealed);
      await given.reopen();
      expect(await given.store.claimToolCall({ ...one, entryId: newId() }, 200)).toEqual({ ...one, state: "answered" });
      expect(bytes((await given.store.findToolCallAnswer(given.appA, one.id)) ?? undefined)).toBe(bytes(sealed));
      expect(await given.store.findToolCallAnswer(given.appB, one.id)).toBeNull();
    });

    test("only whoever claimed it settles or releases it, and only once", async () => {
      const one = call();
      await given.store.claimToolCall(one, 100);
      await given.store.settleToolCall(given.appA, one.id, newId(), "done", null);
      await given.store.releaseToolCall(given.appA, one.id, newId());
      await given.store.settleToolCall(given.appB, one.id, one.entryId, "done", null);
      await given.store.releaseToolCall(given.appB, one.id, one.entryId);
      expect(await given.store.claimToolCall({ ...one, entryId: newId() }, 100)).toEqual(one);
      await given.store.settleToolCall(given.appA, one.id, one.entryId, "unknown", null);
      await given.store.settleToolCall(given.appA, one.id, one.entryId, "done", null);
      await given.store.releaseToolCall(given.appA, one.id, one.entryId);
      expect(await given.store.claimToolCall(one, 100)).toMatchObject({ state: "unknown" });
    });

    test("it can be looked up without being claimed, by its own app, until it has expired", async () => {
      const one = call();
      expect(await given.store.findToolCall(given.appA, one.id, 100)).toBeNull();
      await given.store.claimToolCall(one, 100);
      expect(await given.store.findToolCall(given.appA, one.id, 699)).toEqual(one);
      expect(await given.store.findToolCall(given.appA, one.id, 700)).toBeNull();
      expect(await given.store.findToolCall(given.appB, one.id, 100)).toBeNull();
    });

    test("what is released can be claimed again", async () => {
      const one = call();
      await given.store.claimToolCall(one, 100);
      await given.store.releaseToolCall(given.appA, one.id, one.entryId);
      expect(await given.store.claimToolCall({ ...one, requestHash: "other" }, 100)).toBeNull();
    });

    test("what has expired can be claimed again, and its answer is gone", async () => {
      const one = call();
      await given.store.claimToolCall(one, 100);
      await given.store.settleToolCall(given.appA, one.id, one.entryId, "answered", randomBytes(9));
      expect(await given.store.claimToolCall({ ...one, claimedAt: 700, expiresAt: 1_300 }, 700)).toBeNull();
      expect(await given.store.findToolCallAnswer(given.appA, one.id)).toBeNull();
    });

    test("forgets what has expired, the oldest first", async () => {
      const kept = call({ expiresAt: 900 });
      const ended = [call({ expiresAt: 300 }), call({ expiresAt: 200 })];
      for (const one of [kept, ...ended]) {
        await given.store.claimToolCall(one, 100);
        await given.store.settleToolCall(given.appA, one.id, one.entryId, "answered", randomBytes(9));
      }
      expect(await given.store.forgetToolCalls(700, 1)).toBe(1);
      expect(await given.store.findToolCallAnswer(given.appA, ended[1]?.id ?? "")).toBeNull();
      expect(await given.store.forgetToolCalls(700, 10)).toBe(1);
      expect(await given.store.forgetToolCalls(700, 10)).toBe(0);
      expect(await given.store.findToolCallAnswer(given.appA, kept.id)).not.toBeNull();
    });

    test("a call that nobody is heard to make is not under way", async () => {
      const one = call();
      await given.store.claimToolCall(one, 100);
      expect(await given.store.isCallUnderWay(given.appA, one.entryId)).toBe(false);
    });

    test("what a process left open when it ended is unknown for good", async () => {
      const [open_, done] = [call(), call()];
      await given.store.claimToolCall(open_, 100);
      await given.store.claimToolCall(done, 100);
      await given.store.settleToolCall(given.appA, done.id, done.entryId, "done", null);
      await given.reopen();
      if (given.store.isShared) {
        // It may be another replica's, and under way.
        expect(await given.store.abandonToolCalls()).toBe(0);
        expect(await given.store.claimToolCall(open_, 100)).toMatchObject({ state: "open" });
        return;
      }
      expect(await given.store.abandonToolCalls()).toBe(1);
      expect(await given.store.claimToolCall(open_, 100)).toMatchObject({ state: "unknown" });
      expect(await given.store.claimToolCall(done, 100)).toMatchObject({ state: "done" });
    });
  });
}
