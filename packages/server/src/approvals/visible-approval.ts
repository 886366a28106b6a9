import type { Asker } from "../identity/asker.ts";
import type { ApprovalRecord, ApprovalVote } from "../store/approval-records.ts";
import { approverOf, nameInVotes, namedRules } from "./tally.ts";

/**
 * Which approvals exist for whoever asks. The operator sees those of the app; a user those that name them as an approver
 * and those of calls made for them; an agent none, as it decides about none. What is shown may hold what others wrote to
 * each other, so it is nobody else's.
 */
export function isVisible(record: ApprovalRecord, asker: Asker): boolean {
  const { agent, user } = asker;
  if (agent) return false;
  if (!user) return true;
  return record.userId === user.id || namedRules(record, asker).length > 0;
}

/** Whether it waits for this very one to say yes or no. */
export function waitsFor(record: ApprovalRecord, votes: readonly ApprovalVote[], asker: Asker, now: number): boolean {
  if (record.status !== "pending" || record.expiresAt <= now) return false;
  return approverOf(record, asker).ok && !votes.some(({ approver }) => approver === nameInVotes(asker));
}
