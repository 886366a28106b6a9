import type { CompiledRule } from "../policy/compile-policy.ts";
import type { Failure, IncomingCall } from "../call.ts";
import type { CheckedCall } from "../check-call.ts";
import { toTimestamp, type Clock } from "../clock.ts";
import { maskUrl } from "../audit/mask-url.ts";
import type { Keyring } from "../crypto/keyring.ts";
import type { Asker } from "../identity/asker.ts";
import type { NewId } from "../random.ts";
import type { ApprovalRecord, ApprovalRequirement, ApprovalStore } from "../store/approval-records.ts";
import type { ApprovalLinks } from "./approval-links.ts";
import { requestHash } from "./request-hash.ts";
import { storeCall } from "./stored-call.ts";

/**
 * Calls that somebody must say yes to. A call is kept, sealed, until it was decided about; once it was approved the vault
 * checks it anew and makes it, once, and keeps the answer for whoever asked. It trusts no answer that comes back through
 * the caller: what was approved is only what is stored here.
 */
export interface Approvals {
  /** What becomes of a call that needs approval: it waits, it was denied, or its answer is there to be taken. */
  ask(asking: Asking): Promise<Asked>;
  /** The same, without asking anybody: nothing is kept, and there is no link. */
  foresee(checked: CheckedCall, asker: Asker, rules: readonly CompiledRule[]): Promise<Asked>;
  /** The kept answer, once. */
  take(appId: string, id: string): Promise<Buffer | Failure>;
}

export interface Asking {
  readonly requestId: string;
  readonly call: IncomingCall;
  readonly checked: CheckedCall;
  readonly asker: Asker;
  readonly rules: readonly CompiledRule[];
  readonly operation: string | null;
}

export type Asked =
  | { readonly is: "answered"; readonly approval: ApprovalRecord }
  | { readonly is: "refused"; readonly rule: string; readonly failure: Failure };

interface ApprovalsDeps {
  readonly store: ApprovalStore;
  readonly keyring: Keyring;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly links: ApprovalLinks;
}

/** Handing out what was kept. */
export function createApprovalResults({
  store,
  keyring,
}: Pick<ApprovalsDeps, "store" | "keyring">): Pick<Approvals, "take"> {
  return {
    async take(appId, id) {
      const sealed = await store.takeApprovalResult(appId, id);
      if (!sealed) return { ok: false, code: "approval_closed", detail: "there is no result to be taken" };
      const opened = keyring.open(resultContext({ appId, id }), sealed);
      return opened.ok
        ? opened.plain
        : { ok: false, code: "credential_unreadable", detail: "the kept answer cannot be opened" };
    },
  };
}

export function createApprovals({ store, keyring, clock, newId, links }: ApprovalsDeps): Approvals {
  return {
    async ask(asking) {
      const { checked, call, asker, rules } = asking;
      const askable = whatToAsk(checked, rules);
      if ("is" in askable) return askable;
      const { rule, reason, buffer } = askable;
      const record = newRecord(asking, reason);
      const sealed = await keyring.seal(callContext(record), storeCall(call, buffer, asker.session?.id ?? null));
      const approval = await store.askApproval(record, sealed);
      return asAsked(approval, rule, approval.status === "pending" ? await links.create(approval, null) : null);
    },
    async foresee(checked, asker, rules) {
      const askable = whatToAsk(checked, rules);
      if ("is" in askable) return askable;
      const open = await store.findOpenApproval(asker.appId, requestHash(checked, asker), clock.now());
      if (open) return asAsked(open, askable.rule, null);
      return refused(askable.rule, "approval_required", SOMEBODY_MUST);
    },
    take: createApprovalResults({ store, keyring }).take,
  };

  function newRecord({ requestId, checked, asker, rules, operation }: Asking, reason: string): ApprovalRecord {
    const { envelope, url, grant } = checked;
    const now = clock.now();
    const requirements = rules.flatMap(requirementOf);
    return {
      id: newId(),
      appId: asker.appId,
      requestHash: requestHash(checked, asker),
      status: "pending",
      keyId: asker.keyId,
      agentId: asker.agent?.id ?? null,
      userId: asker.user?.id ?? null,
      shown: {
        method: envelope.method,
        url: maskUrl(url),
        provider: grant.provider,
        grantId: grant.id,
        operation,
        reason,
        agentName: asker.agent?.name ?? null,
        caller: envelope.caller,
        context: envelope.context,
      },
      requirements,
      entryId: requestId,
      createdAt: now,
      expiresAt: now + Math.min(...rules.map(lifetimeOf)),
      decidedAt: null,
      decisionReason: null,
      executedAt: null,
      problem: null,
    };
  }
}

const SOMEBODY_MUST = "somebody must approve the call first";

/** What approvers need, or why they cannot be asked. */
function whatToAsk(
  { envelope, body }: CheckedCall,
  [first]: readonly CompiledRule[],
): { readonly rule: string; readonly reason: string; readonly buffer: Buffer } | Asked {
  const rule = first?.id ?? "policy";
  const { reason } = envelope;
  if (reason === undefined) {
    const detail = "a call that needs approval must say why it is made: pass a reason";
    return refused(rule, "approval_reason_required", detail);
  }
  const { buffer } = body;
  if (!buffer) {
    const detail = "the call needs approval, and its body is a stream, which nobody can look at";
    return refused(rule, "policy_denied", detail);
  }
  return { rule, reason, buffer };
}

function asAsked(approval: ApprovalRecord, rule: string, url: string | null): Asked {
  const { id, status, expiresAt, shown, decisionReason, problem } = approval;
  const details = {
    approval_id: id,
    ...(url === null ? {} : { approval_url: url }),
    approval_expires_at: toTimestamp(expiresAt),
    grant_id: shown.grantId,
    provider_id: shown.provider,
  };
  switch (status) {
    case "pending":
      return refused(rule, "approval_required", SOMEBODY_MUST, details);
    case "approved":
    case "executing":
      return refused(rule, "approval_executing", "the call was approved, and is being made", details);
    case "denied": {
      const why = decisionReason === null ? "" : `: ${decisionReason}`;
      return refused(rule, "approval_denied", `the call was not approved${why}`, details);
    }
    case "failed":
      return refused(rule, "approval_failed", `the approved call failed: ${problem ?? "nobody knows why"}`, details);
    case "executed":
      return { is: "answered", approval };
    case "taken":
      return refused(rule, "approval_closed", "the approval was used", details);
  }
}

export function callContext({ appId, id }: Pick<ApprovalRecord, "appId" | "id">): SealedAs {
  return { appId, record: `approval_call:${id}`, field: "call" };
}

export function resultContext({ appId, id }: Pick<ApprovalRecord, "appId" | "id">): SealedAs {
  return { appId, record: `approval_result:${id}`, field: "result" };
}

interface SealedAs {
  readonly appId: string;
  readonly record: string;
  readonly field: string;
}

function requirementOf({ id, effect }: CompiledRule): ApprovalRequirement[] {
  if (effect.type !== "require_approval") return [];
  const { approvers, quorum, allow_self_approval: allowSelf } = effect;
  const { users = [], groups = [], operator } = approvers;
  return [{ ruleId: id, users, groups, operator, quorum, allowSelf }];
}

function lifetimeOf({ effect }: CompiledRule): number {
  return (effect.type === "require_approval" ? effect.expires_in_seconds : 0) * 1000;
}

function refused(rule: string, code: Failure["code"], detail: string, details: Failure["details"] = {}): Asked {
  return {
    is: "refused",
    rule,
    failure: { ok: false, code, detail, details: { rule_id: rule, policy_error: detail, ...details } },
  };
}
