import { makeProblem } from "@alter-vault/protocol";
import type { Facts, KnownEntry } from "./audit/entry.ts";
import type { AuditLog } from "./audit/log.ts";
import type { RefusalLimit } from "./audit/refusal-limit.ts";
import type { Failure, Refused } from "./call.ts";
import type { Clock } from "./clock.ts";
import type { Identified } from "./identity/identify.ts";
import type { Nonce } from "./store/log-records.ts";

/** Saying no, in the log and then to the caller. A no that cannot be written down is still a no. */
export interface RefuseDeps {
  readonly log: AuditLog;
  readonly refusalLimit: RefusalLimit;
  readonly clock: Clock;
}

export const AUDIT_UNAVAILABLE: Failure = {
  ok: false,
  code: "audit_unavailable",
  detail: "the decision could not be written down",
};
const REPLAYED: Failure = { ok: false, code: "request_replayed", detail: "the nonce of this request was used before" };

export function refused(requestId: string, { code, detail, details }: Failure): Refused {
  return { ok: false, problem: makeProblem(code, detail, { ...details, request_id: requestId }), started: false };
}

/** A caller who is known. */
export async function refuse(
  deps: RefuseDeps,
  requestId: string,
  facts: Facts,
  failure: Failure,
  rule: string,
  nonce: Nonce | null,
): Promise<Refused> {
  return (await recordRefusal(deps, requestId, facts, failure, rule, nonce)) ?? refused(requestId, failure);
}

/**
 * Writes a no down, and answers with what is to be said instead of it; null: nothing. The nonce goes into the same write: a
 * refused request cannot be used again either.
 */
export async function recordRefusal(
  { log }: Pick<RefuseDeps, "log">,
  requestId: string,
  facts: Facts,
  failure: Failure,
  rule: string,
  nonce: Nonce | null,
): Promise<Refused | null> {
  const body: KnownEntry = {
    ...facts,
    decision: "deny",
    rule,
    code: failure.code,
    message: failure.detail,
  };
  const recorded = await log.record(requestId, body, nonce);
  if (recorded === "replayed") return refuseReplay({ log }, requestId, facts);
  return recorded === "unavailable" ? refused(requestId, AUDIT_UNAVAILABLE) : null;
}

export async function refuseReplay(
  { log }: Pick<RefuseDeps, "log">,
  requestId: string,
  facts: Facts,
): Promise<Refused> {
  const { code, detail } = REPLAYED;
  const body: KnownEntry = {
    ...facts,
    decision: "deny",
    rule: "identity.replay",
    code,
    message: detail,
  };
  const recorded = await log.record(requestId, body, null);
  return refused(requestId, recorded === "unavailable" ? AUDIT_UNAVAILABLE : REPLAYED);
}

/** Whether it was refused because the same request had come before: then it must not have cost anybody anything. */
export function isReplay({ problem }: Refused): boolean {
  return problem.code === REPLAYED.code;
}

/** A caller who could not be identified. */
export async function refuseStranger(
  deps: RefuseDeps,
  requestId: string,
  who: Identified & { readonly ok: false },
  action: string,
): Promise<Refused> {
  const { code, detail, details } = who;
  const facts: Facts = { kind: "refusal", action, app_id: who.key?.appId ?? null, key_id: who.key?.id ?? null };
  const failure: Failure = { ok: false, code, detail, ...(details ? { details } : {}) };
  return refuseUnsigned(deps, requestId, facts, failure, "identity");
}

/** Whatever comes without a signature: strangers cannot make the log grow without bound. */
export async function refuseUnsigned(
  { log, refusalLimit, clock }: RefuseDeps,
  requestId: string,
  facts: Facts,
  failure: Failure,
  rule: string,
): Promise<Refused> {
  const suppressed = refusalLimit.admit(clock.monotonic());
  if (suppressed === null) return refused(requestId, failure);
  const { code, detail } = failure;
  const message = suppressed > 0 ? `${detail} (${suppressed} refusals before this one were not written)` : detail;
  const recorded = await log.record(requestId, { ...facts, decision: "deny", rule, code, message }, null);
  return refused(requestId, recorded === "unavailable" ? AUDIT_UNAVAILABLE : failure);
}
