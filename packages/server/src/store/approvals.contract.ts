import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { ApprovalRecord, ApprovalVote } from "./approval-records.ts";
import { approvalRecord, bytes, eachWithStoreOfTwo, type StoreUnderTest } from "./contract.test-support.ts";

/** Approvals: asked for once, decided once, executed at most once, handed out once. */
export function approvalContract(open: () => Promise<StoreUnderTest>): void {
  describe("approvals", () => {
    const given = eachWithStoreOfTwo(open);
    const sealed = randomBytes(50);

    const approvalOf = (over: Partial<ApprovalRecord> = {}): ApprovalRecord => approvalRecord(given.appA, over);
    const ask = (over: Partial<ApprovalRecord> = {}) => given.store.askApproval(approvalOf(over), sealed);
    const vote = (over: Partial<ApprovalVote> = {}): ApprovalVote => ({
      approver: "user u",
      decision: "approve",
      reason: null,
      ruleIds: ["r"],
      at: 1_500,
      ...over,
    });
    const approve = (id: string, over: Partial<ApprovalVote> = {}) =>
      given.store.voteApproval(given.appA, id, vote(over), () => "approved");

    test("the same call is the same approval while it is open, and comes back as it was put", async () => {
      const approval = approvalOf();
      expect(await given.store.askApproval(approval, sealed)).toEqual(approval);
      expect(await given.store.findApproval(given.appA, approval.id)).toEqual(approval);
      expect((await ask()).id).toBe(approval.id);
      expect((await ask({ requestHash: "other" })).id).not.toBe(approval.id);
      expect((await ask({ appId: given.appB })).id).not.toBe(approval.id);
      expect((await ask({ createdAt: 2_000, expiresAt: 3_000 })).id).not.toBe(approval.id);
      expect(bytes((await given.store.findApprovalCall(given.appA, approval.id)) ?? undefined)).toBe(bytes(sealed));
    });

    test("an open approval is found by the hash of its call, and nothing is kept for one that is not there", async () => {
      const { store, appA } = given;
      expect(await store.findOpenApproval(appA, "hash", 1_000)).toBeNull();
      expect(await store.listApprovals(appA, null, null, 10)).toEqual([]);
      const approval = await ask();
      expect(await store.findOpenApproval(appA, "hash", 1_999)).toEqual(approval);
      expect(await store.findOpenApproval(appA, "hash", 2_000)).toBeNull();
      expect(await store.findOpenApproval(appA, "other", 1_500)).toBeNull();
      await approve(approval.id);
      await store.startApproval(appA, approval.id, "main", 1_600);
      await store.endApproval(appA, approval.id, {
        status: "executed",
        problem: null,
        sealedResult: sealed,
        at: 1_700,
      });
      expect(await store.findOpenApproval(appA, "hash", 9_000)).toMatchObject({ id: approval.id, status: "executed" });
      await store.takeApprovalResult(appA, approval.id);
      expect(await store.findOpenApproval(appA, "hash", 1_800)).toBeNull();
    });

    test("what belongs to another app does not exist", async () => {
      const { store, appB } = given;
      const { id } = await ask();
      expect(await store.findOpenApproval(appB, "hash", 1_500)).toBeNull();
      expect(await store.findApproval(appB, id)).toBeNull();
      expect(await store.findApprovalCall(appB, id)).toBeNull();
      expect(await store.listApprovals(appB, null, null, 10)).toEqual([]);
      expect(await store.voteApproval(appB, id, vote(), () => "approved")).toEqual({ ok: false, why: "unknown" });
      await approve(id);
      expect(await store.startApproval(appB, id, "main", 1_600)).toBeNull();
      expect(await store.takeApprovalResult(appB, id)).toBeNull();
    });

    test("one vote each, all of them are counted, and none when it is over", async () => {
      const { store, appA } = given;
      const { id } = await ask();
      const two = (_approval: ApprovalRecord, votes: readonly ApprovalVote[]) =>
        votes.length >= 2 ? ("approved" as const) : ("pending" as const);
      expect(await store.voteApproval(appA, id, vote(), two)).toMatchObject({
        ok: true,
        approval: { status: "pending" },
      });
      expect(await store.voteApproval(appA, id, vote(), two)).toEqual({ ok: false, why: "voted" });
      const second = vote({ approver: "user v", reason: "fine" });
      expect(await store.voteApproval(appA, id, second, two)).toMatchObject({
        ok: true,
        approval: { status: "approved", decidedAt: 1_500, decisionReason: "fine" },
      });
      expect(await approve(id, { approver: "user w" })).toEqual({ ok: false, why: "closed" });
      expect(await given.store.listApprovalVotes(appA, id)).toHaveLength(2);
      const late = await ask({ requestHash: "late" });
      expect(await approve(late.id, { at: 2_000 })).toEqual({ ok: false, why: "closed" });
    });

    test("begun once, in time, and handed out once", async () => {
      const { store, appA } = given;
      const { id } = await ask();
      expect(await store.startApproval(appA, id, "main", 1_600)).toBeNull();
      await approve(id);
      expect(await store.approvedApprovals()).toEqual([{ appId: appA, id }]);
      expect(await store.startApproval(appA, id, "main", 1_600)).toMatchObject({ id, status: "executing" });
      expect(await store.startApproval(appA, id, "main", 1_600)).toBeNull();
      expect(await store.approvedApprovals()).toEqual([]);
      await store.endApproval(appA, id, { status: "executed", problem: null, sealedResult: sealed, at: 1_700 });
      expect(await store.findApprovalCall(appA, id)).toBeNull();
      expect(bytes((await store.takeApprovalResult(appA, id)) ?? undefined)).toBe(bytes(sealed));
      expect(await store.takeApprovalResult(appA, id)).toBeNull();
      expect((await store.findApproval(appA, id))?.status).toBe("taken");
      expect((await ask()).id).not.toBe(id);
    });

    test("what was being made when the process died is not made again", async () => {
      const { id } = await ask();
      await approve(id);
      await given.store.startApproval(given.appA, id, "main", 1_600);
      await given.reopen();
      expect(await given.store.abandonApprovals("nobody knows", 7_201_600)).toBe(1);
      expect(await given.store.startApproval(given.appA, id, "main", 1_700)).toBeNull();
      expect(await given.store.findApproval(given.appA, id)).toMatchObject({
        status: "failed",
        problem: "nobody knows",
      });
      expect((await ask()).id).toBe(id);
      await given.store.closeFailedApproval(given.appA, id);
      expect((await ask()).id).not.toBe(id);
    });

    test("links lead to their approval, and go with it", async () => {
      const { id } = await ask();
      const link = { tokenHash: "h", appId: given.appA, approvalId: id, decidesAs: { userId: "u" }, expiresAt: 9 };
      await given.store.insertApprovalLink(link);
      await given.store.insertApprovalLink({ ...link, tokenHash: "v", decidesAs: null });
      expect(await given.store.findApprovalLink("h")).toEqual(link);
      expect((await given.store.findApprovalLink("v"))?.decidesAs).toBeNull();
      expect(await given.store.findApprovalLink("x")).toBeNull();
      await given.store.forgetApprovals(2_001, 10);
      expect(await given.store.findApprovalLink("h")).toBeNull();
    });

    test("those that are over are forgotten", async () => {
      const { id } = await ask();
      expect(await given.store.forgetApprovals(2_000, 10)).toBe(0);
      expect(await given.store.forgetApprovals(2_001, 10)).toBe(1);
      expect(await given.store.findApproval(given.appA, id)).toBeNull();
      expect(await given.store.findApprovalCall(given.appA, id)).toBeNull();
    });
  });
}
