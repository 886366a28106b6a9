import type { KnownEntry } from "../audit/entry.ts";
import { localOutcome } from "../audit/entry.ts";
import type { AuditLog } from "../audit/log.ts";
import type { Failure } from "../call.ts";
import type { Clock } from "../clock.ts";
import { askingUser, type Asker } from "../identity/asker.ts";
import { userStands } from "../identity/user-stands.ts";
import type { ApprovalLinkRecord, ApprovalRecord } from "../store/approval-records.ts";
import type { Store } from "../store/store.ts";
import type { ApprovalRunner } from "./approval-runner.ts";
import { approverOf, tally } from "./tally.ts";

interface DecideDeps {
  readonly store: Store;
  readonly log: Pick<AuditLog, "record" | "outcome" | "newId">;
  readonly clock: Clock;
  readonly runner: Pick<ApprovalRunner, "start">;
}

interface Deciding {
  readonly link: ApprovalLinkRecord;
  readonly approval: ApprovalRecord;
  readonly decision: "approve" | "deny";
  readonly reason: string | null;
}

/** A vote from a page. Written down before it counts, and so is every one that does not. Null: it counted. */
export async function decideByLink(
  { store, log, clock, runner }: DecideDeps,
  { link, approval, decision, reason }: Deciding,
): Promise<Failure | null> {
  const { appId, id } = approval;
  const entryId = log.newId();
  const entry: Omit<KnownEntry, "decision" | "rule"> = {
    kind: "admin",
    action: "decideApproval",
    app_id: appId,
    approval_id: id,
    grant_id: approval.shown.grantId,
    reason,
    user_id: link.decidesAs && "userId" in link.decidesAs ? link.decidesAs.userId : undefined,
    key_id: link.decidesAs && "keyId" in link.decidesAs ? link.decidesAs.keyId : null,
  };
  const refuse = async (failure: Failure): Promise<Failure> => {
    const { code, detail } = failure;
    const denied: KnownEntry = { ...entry, decision: "deny", rule: "base", code, message: detail };
    return (await log.record(entryId, denied, null)) === "unavailable" ? UNAVAILABLE : failure;
  };
  const asker = await askerOf(store, link, clock.now());
  if (!asker) return refuse({ ok: false, code: "approval_not_allowed", detail: "the link decides nothing" });
  const who = approverOf(approval, asker);
  if (!who.ok) return refuse({ ok: false, code: "approval_not_allowed", detail: who.why });

  const recorded = await log.record(entryId, { ...entry, decision: "allow", rule: "base" }, null);
  if (recorded === "unavailable") return UNAVAILABLE;
  const { approver, ruleIds } = who;
  const voted = await store.voteApproval(appId, id, { approver, ruleIds, decision, reason, at: clock.now() }, tally);
  if (!voted.ok) {
    log.outcome(entryId, appId, localOutcome("vault_error", "approval_closed", 0));
    return { ok: false, code: "approval_closed", detail: "it was decided, or its time is over" };
  }
  log.outcome(entryId, appId, localOutcome("done", null, 0));
  if (voted.approval.status === "approved") runner.start(appId, id);
  return null;
}

const UNAVAILABLE: Failure = { ok: false, code: "audit_unavailable", detail: "the decision could not be written down" };

/** Whoever the link was made for, as they are now. */
async function askerOf(store: Store, { appId, decidesAs }: ApprovalLinkRecord, now: number): Promise<Asker | null> {
  if (!decidesAs) return null;
  const nobody = { appId, keyId: "", scopes: [], agent: null, user: null, session: null };
  if ("keyId" in decidesAs) {
    const key = await store.findApiKey(decidesAs.keyId);
    const isOver = !key || key.revokedAt !== null || (key.expiresAt !== null && key.expiresAt <= now);
    return isOver ? null : { ...nobody, keyId: key.id };
  }
  const standing = await userStands(store, appId, decidesAs.userId);
  return standing.ok ? { ...nobody, user: askingUser(standing.found, 0) } : null;
}
