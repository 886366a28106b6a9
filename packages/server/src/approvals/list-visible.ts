import type { Asker } from "../identity/asker.ts";
import type { ApprovalRecord, ApprovalStore, ApprovalVote } from "../store/approval-records.ts";
import { isVisible, waitsFor } from "./visible-approval.ts";

interface Wish {
  readonly status?: ApprovalRecord["status"] | undefined;
  readonly waiting_for?: "me" | undefined;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

interface VisibleApprovals {
  readonly found: readonly { readonly record: ApprovalRecord; readonly votes: readonly ApprovalVote[] }[];
  /** Where to go on; null: that was all. */
  readonly next: string | null;
}

const AT_ONCE = 100;
/** Of an app with many approvals few may be for one user: a page ends here, and the next goes on. */
const MOST_LOOKED_AT = 2_000;

/** The approvals that whoever asks may see, newest first. */
export async function listVisible(
  store: Pick<ApprovalStore, "listApprovals" | "listApprovalVotes">,
  asker: Asker,
  { status, waiting_for: waitingFor, cursor, limit }: Wish,
  now: number,
): Promise<VisibleApprovals> {
  const wanted = waitingFor === "me" ? (status ?? "pending") : (status ?? null);
  const found: { record: ApprovalRecord; votes: ApprovalVote[] }[] = [];
  let before = cursor ?? null;
  for (let looked = 0; looked < MOST_LOOKED_AT; looked += AT_ONCE) {
    const records = await store.listApprovals(asker.appId, wanted, before, AT_ONCE);
    for (const record of records) {
      if (found.length === limit) return { found, next: before };
      before = record.id;
      if (!isVisible(record, asker)) continue;
      const votes = await store.listApprovalVotes(record.appId, record.id);
      if (waitingFor !== "me" || waitsFor(record, votes, asker, now)) found.push({ record, votes });
    }
    if (records.length < AT_ONCE) return { found, next: null };
  }
  return { found, next: before };
}
