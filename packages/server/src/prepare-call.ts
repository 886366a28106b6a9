import { HEADER } from "@alter-vault/protocol";
import { whyNotApproved } from "./approvals/why-not-approved.ts";
import type { Facts, KnownEntry } from "./audit/entry.ts";
import type { Limited } from "./call-limits.ts";
import type { CallOutcomes } from "./call-outcome.ts";
import type { Failure, IncomingCall, Refused } from "./call.ts";
import { checkCall, type CheckedCall, type Mode } from "./check-call.ts";
import { openCredential } from "./credential/open-credential.ts";
import type { Asker } from "./identity/asker.ts";
import { identify } from "./identity/identify.ts";
import type { CompiledRule } from "./policy/compile-policy.ts";
import type { Answered, MadeBefore, Prepared } from "./prepared-call.ts";
import { AUDIT_UNAVAILABLE, isReplay, refuse, refused, refuseReplay } from "./refuse.ts";
import type { Sending } from "./send-call.ts";
import { isLater, type Soon } from "./soon.ts";
import type { ApprovalRecord } from "./store/approval-records.ts";
import type { ApiKeyRecord } from "./store/store.ts";
import type { Nonce } from "./store/log-records.ts";
import type { VaultDeps } from "./vault.ts";
import { costlessReplay, marked, refuseUnknown, whoAsks } from "./who-asks.ts";

/** Who makes a call, and what is known of it before it is looked at. */
export interface KnownCaller {
  readonly mode: Mode;
  readonly requestId: string;
  readonly startedMs: number;
  readonly key: ApiKeyRecord;
  readonly asker: Asker;
  readonly facts: Facts;
  /** Null: the call was not sent now, but kept. */
  readonly nonce: Nonce | null;
  /** What was approved, when this call was. */
  readonly approved: ApprovalRecord | null;
}

/** The way of one request up to the injection, for both modes: nothing of it has left the vault yet. */
export interface Preparing {
  /** For a call that arrived. */
  prepare(
    call: IncomingCall,
    mode: Mode,
    requestId: string,
    startedMs: number,
  ): Promise<Prepared | Answered | MadeBefore | Refused>;
  /** For one whose caller is known. */
  ready(call: IncomingCall, known: KnownCaller): Promise<Prepared | Answered | MadeBefore | Refused>;
}

const NO_RULES: readonly CompiledRule[] = [];

export function createPreparing(deps: VaultDeps, sending: Sending, outcomes: CallOutcomes): Preparing {
  const { store, log, clock } = deps;

  async function prepare(
    call: IncomingCall,
    mode: Mode,
    requestId: string,
    startedMs: number,
  ): Promise<Prepared | Answered | MadeBefore | Refused> {
    const action = mode === "proxy" ? "request" : "retrieve";
    const identifying = identify(deps, call.signed, clock.now());
    const who = isLater(identifying) ? await identifying : identifying;
    if (!who.ok) return refuseUnknown(deps, requestId, who, action);

    const facts: Facts = { kind: "request", action, mode, app_id: who.key.appId, key_id: who.key.id };
    const asking = whoAsks(deps, call, who, facts);
    const known = isLater(asking) ? await asking : asking;
    if (!known.ok) return marked(who.key, refuse(deps, requestId, facts, known, known.rule, who.nonce));
    const { asker } = known;
    const { key, nonce } = who;
    const answering = ready(call, { mode, requestId, startedMs, key, asker, facts, nonce, approved: null });
    return key.requestsPerMinute === null ? answering : costlessReplay(deps.keyRates, key, answering);
  }

  async function ready(call: IncomingCall, known: KnownCaller): Promise<Prepared | Answered | MadeBefore | Refused> {
    const { mode, requestId, key, asker, facts, nonce } = known;
    const no = (failure: Failure, rule: string): Promise<Refused> =>
      marked(key, refuse(deps, requestId, facts, failure, rule, nonce));
    const replayed = (): Promise<Refused> => marked(key, refuseReplay(deps, requestId, facts));
    const check = await checkCall(deps, call, mode, asker, facts);
    if (!check.ok) return no(check.failure, check.rule);
    const { checked } = check;
    const rules = checked.ruling.decision?.approvals ?? NO_RULES;
    if (known.approved) {
      const unmet = whyNotApproved(known.approved, checked, asker, rules);
      if (unmet) return no(unmet, unmet.details?.rule_id ?? "policy");
    } else if (rules.length > 0) {
      // Else whoever has seen a request could have it asked about once more, when it was approved and done already.
      if (nonce && (await store.nonceUsed(nonce))) return replayed();
      const index = mode === "proxy" ? call.signed.headers[HEADER.call] : undefined;
      const made = index === undefined ? null : await deps.toolCalls.recall(asker.appId, index, checked);
      if (made) {
        const failed = await record(known, checked.rule);
        return failed ?? { ok: true, made, checked, keyDeprecated: key.deprecatedAt !== null };
      }
      const operation = checked.ruling.facts?.operation ?? null;
      const asked = await deps.approvals.ask({ requestId, call, checked, asker, rules, operation });
      const id = asked.is === "answered" ? asked.approval.id : asked.failure.details?.approval_id;
      if (id !== undefined) facts.approval_id = id;
      if (asked.is === "refused") {
        const answer = await no(asked.failure, asked.rule);
        // Told, and not to somebody who repeats a request of another: from now on the call may be asked for anew.
        if (answer.problem.code === "approval_failed" && id !== undefined)
          await store.closeFailedApproval(asker.appId, id);
        return answer;
      }
      // Written down, with its nonce, before the answer is taken: a call that is repeated by somebody else takes nothing.
      const failed = await record(known, checked.rule);
      return failed ?? { ok: true, approval: asked.approval, checked, keyDeprecated: key.deprecatedAt !== null };
    }
    const limiting = deps.limits.take({ appId: asker.appId, requestId, nonce }, checked.ruling);
    const limited = isLater(limiting) ? await limiting : limiting;
    if (!limited.ok) return limited.replayed ? replayed() : no(limited.failure, limited.rule);
    let end: (() => Soon<void>) | null = limited.release;
    try {
      const prepared = await open(known, checked, limited);
      if (prepared.ok) end = null;
      else if (isReplay(prepared)) end = limited.giveBack;
      return prepared;
    } finally {
      if (end) await end();
    }
  }

  /** Null: the decision is on the disk. */
  async function record({ requestId, facts, nonce }: KnownCaller, rule: string): Promise<Refused | null> {
    const entry: KnownEntry = { ...facts, decision: "allow", rule };
    const recorded = await log.record(requestId, entry, nonce);
    if (recorded === "replayed") return refuseReplay(deps, requestId, facts);
    return recorded === "unavailable" ? refused(requestId, AUDIT_UNAVAILABLE) : null;
  }

  async function open(
    known: KnownCaller,
    checked: CheckedCall,
    { limit, release }: Limited & { readonly ok: true },
  ): Promise<Prepared | Refused> {
    const { mode, requestId, startedMs, key } = known;
    const { appId } = known.asker;
    const failed = await record(known, checked.rule);
    if (failed) return failed;
    const opening = openCredential(deps, checked.credential, checked.headers);
    const opened = opening instanceof Promise ? await opening : opening;
    const keyDeprecated = key.deprecatedAt !== null;
    if (!opened.ok) return { ...outcomes.endedInside(requestId, appId, opened, startedMs), keyDeprecated };
    const injected = sending.put(opened, checked, mode);
    if (!injected.ok) return { ...outcomes.endedInside(requestId, appId, injected, startedMs), keyDeprecated };
    const withTokens = { ...checked, credential: opened.credential };
    return { ok: true, appId, checked: withTokens, injected, keyDeprecated, limit, release };
  }

  return { prepare, ready };
}
