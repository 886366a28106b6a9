import type { Clock } from "../clock.ts";
import { tokenHash } from "../identity/token-hash.ts";
import type { RandomBytes } from "../random.ts";
import type { ApprovalLinkRecord, ApprovalRecord, ApprovalStore } from "../store/approval-records.ts";

/**
 * Links to approvals for browsers. The one that whoever asks gets only shows the call: it may well be an agent that holds
 * it. One that decides is made for one approver, and is sent to them by whoever made it.
 */
export interface ApprovalLinks {
  create(approval: ApprovalRecord, decidesAs: ApprovalLinkRecord["decidesAs"]): Promise<string>;
  find(token: string): Promise<{ readonly link: ApprovalLinkRecord; readonly approval: ApprovalRecord } | null>;
}

interface LinksDeps {
  readonly store: Pick<ApprovalStore, "insertApprovalLink" | "findApprovalLink" | "findApproval">;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly publicUrl: () => string;
}

/** What came of it can be looked at for so long after the approval is over. */
const SHOWN_AFTER_MS = 86_400_000;

export function createApprovalLinks({ store, clock, random, publicUrl }: LinksDeps): ApprovalLinks {
  return {
    async create({ id, appId, expiresAt }, decidesAs) {
      const token = random(32).toString("base64url");
      const link = {
        tokenHash: tokenHash(token),
        appId,
        approvalId: id,
        decidesAs,
        expiresAt: expiresAt + SHOWN_AFTER_MS,
      };
      await store.insertApprovalLink(link);
      return `${publicUrl()}/approvals?token=${token}`;
    },
    async find(token) {
      const link = /^[\w-]{43}$/.test(token) ? await store.findApprovalLink(tokenHash(token)) : null;
      if (!link || link.expiresAt <= clock.now()) return null;
      const approval = await store.findApproval(link.appId, link.approvalId);
      return approval && { link, approval };
    },
  };
}
