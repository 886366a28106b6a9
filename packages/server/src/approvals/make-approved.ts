import type { Facts } from "../audit/entry.ts";
import type { CallOutcomes } from "../call-outcome.ts";
import type { Failure } from "../call.ts";
import type { Clock } from "../clock.ts";
import type { Keyring } from "../crypto/keyring.ts";
import type { EgressSink } from "../egress/egress.ts";
import { HangUp } from "../egress/hang-up.ts";
import type { Preparing } from "../prepare-call.ts";
import type { Prepared } from "../prepared-call.ts";
import { refuse, type RefuseDeps } from "../refuse.ts";
import type { Sending } from "../send-call.ts";
import type { ApprovalEnd, ApprovalRecord } from "../store/approval-records.ts";
import type { Store } from "../store/store.ts";
import { keepAnswer } from "../tool-calls/kept-answer.ts";
import { answerBytes } from "../tool-calls/recorded-answer.ts";
import { callContext, resultContext } from "./approvals.ts";
import { restoreAsker } from "./restore-asker.ts";
import { restoreCall } from "./stored-call.ts";

interface MakeDeps extends RefuseDeps {
  readonly store: Store;
  readonly keyring: Keyring;
  readonly clock: Clock;
  readonly preparing: Preparing;
  readonly sending: Sending;
  readonly outcomes: CallOutcomes;
}

const UNREADABLE: Failure = { ok: false, code: "credential_unreadable", detail: "the kept call cannot be opened" };
const TOO_LATE: Failure = {
  ok: false,
  code: "approval_closed",
  detail: "it was approved, and its time was over before it could be made",
};

/** Where an answer goes that is only kept. */
const NOWHERE: EgressSink = { onHeaders: () => undefined, onData: () => true };

/** Makes an approved call: checked anew from the beginning, and sent at most once, whatever happens. */
export async function makeApproved(deps: MakeDeps, approval: ApprovalRecord): Promise<ApprovalEnd> {
  const { store, clock, log, keyring, preparing } = deps;
  const failed = (problem: string): ApprovalEnd => failedAt(clock.now(), problem);
  const { appId, id } = approval;
  const startedMs = clock.monotonic();
  const requestId = log.newId();
  const facts: Facts = { kind: "request", action: "request", mode: "proxy", app_id: appId, key_id: approval.keyId };
  facts.approval_id = id;
  facts.agent_id = approval.agentId ?? undefined;
  facts.user_id = approval.userId ?? undefined;
  facts.grant_id = approval.shown.grantId;
  const refuseNow = async (failure: Failure): Promise<ApprovalEnd> => {
    await refuse(deps, requestId, facts, failure, "identity.approval", null);
    return failed(failure.detail);
  };
  const sealed = await store.findApprovalCall(appId, id);
  const opened = sealed && keyring.open(callContext(approval), sealed);
  if (!opened?.ok) return refuseNow(UNREADABLE);
  // It may have waited for a vault that did not run, and what was approved was approved for a time.
  if (approval.expiresAt <= clock.now()) return refuseNow(TOO_LATE);
  const restored = await restoreAsker(store, approval, opened.plain, clock.now());
  if (!restored.ok) return refuseNow(restored);
  const { key, asker } = restored;
  const known = { mode: "proxy", requestId, startedMs, key, asker, facts, nonce: null, approved: approval } as const;
  const prepared = await preparing.ready(restoreCall(opened.plain), known);
  if (!prepared.ok) return failed(prepared.problem.detail);
  if (!("injected" in prepared)) return failed("the call was approved before");
  try {
    return await send(deps, approval, { requestId, startedMs, prepared });
  } finally {
    await prepared.release();
  }
}

interface Ready {
  readonly requestId: string;
  readonly startedMs: number;
  readonly prepared: Prepared;
}

async function send(
  { clock, keyring, sending, outcomes }: MakeDeps,
  approval: ApprovalRecord,
  { requestId, startedMs, prepared }: Ready,
): Promise<ApprovalEnd> {
  const { appId } = approval;
  const kept = keepAnswer(NOWHERE);
  const sent = await sending.forward(prepared, null, kept, new HangUp());
  if (!("retries" in sent)) {
    outcomes.endedInside(requestId, appId, sent, startedMs);
    return failedAt(clock.now(), sent.detail);
  }
  outcomes.sent(requestId, appId, sent, startedMs);
  if (!sent.ok) return failedAt(clock.now(), sent.detail);
  const answer = kept.isWhole
    ? answerBytes(kept.status, kept.headers, kept.body())
    : answerBytes(kept.status, { ...kept.headers, "alter-body-truncated": "true" }, Buffer.alloc(0));
  const sealedResult = await keyring.seal(resultContext(approval), answer);
  return { status: "executed", problem: null, sealedResult, at: clock.now() };
}

function failedAt(at: number, problem: string): ApprovalEnd {
  return { status: "failed", problem, sealedResult: null, at };
}
