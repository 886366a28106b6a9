import { previewOfRefusal } from "@alter-vault/protocol";
import type { Facts } from "./audit/entry.ts";
import type { IncomingCall, Previewed, Refused } from "./call.ts";
import { checkCall, type Check, type CheckedCall, type Mode } from "./check-call.ts";
import type { Asker } from "./identity/asker.ts";
import { identify } from "./identity/identify.ts";
import { AUDIT_UNAVAILABLE, recordRefusal, refuse, refused, refuseReplay } from "./refuse.ts";
import type { Nonce } from "./store/log-records.ts";
import type { VaultDeps } from "./vault.ts";
import { costlessReplay, marked, refuseUnknown, whoAsks } from "./who-asks.ts";

/**
 * What would be said of a call, without making it: for whoever may make it, about nothing but that. It goes the way of a
 * call up to its decision, and ends there: no credential is opened, no limit is taken, nobody is asked to approve.
 *
 * A yes is like reading a list, and leaves no entry. Everything else does, as if the call had been made: who looks for the
 * edge of a rule by trying hears "no" on the way, and is seen.
 */
export async function previewCall(deps: VaultDeps, call: IncomingCall, mode: Mode): Promise<Previewed | Refused> {
  const requestId = deps.log.newId();
  const who = await identify(deps, call.signed, deps.clock.now());
  if (!who.ok) return refuseUnknown(deps, requestId, who, "preview");
  const { key, nonce } = who;
  const facts: Facts = { kind: "request", action: "preview", mode, app_id: key.appId, key_id: key.id };
  const known = await whoAsks(deps, call, who, facts);
  if (!known.ok) return marked(key, refuse(deps, requestId, facts, known, known.rule, nonce));

  const check = await checkCall(deps, call, mode, known.asker, facts);
  const no = check.ok ? await foreseeApproval(deps, check.checked, known.asker, facts) : check;
  const failed = no
    ? await recordRefusal(deps, requestId, facts, no.failure, no.rule, nonce)
    : await useUp(deps, requestId, facts, nonce);
  if (failed) return costlessReplay<Previewed>(deps.keyRates, key, marked(key, Promise.resolve(failed)));
  return {
    ok: true,
    keyDeprecated: key.deprecatedAt !== null,
    preview: {
      request_id: requestId,
      grant_id: facts.grant_id ?? null,
      provider_id: facts.provider ?? null,
      ...(no ? previewOfRefusal(no.failure, no.rule) : { decision: "allowed" }),
    },
  };
}

/** Null: the nonce was not used before. */
async function useUp({ log }: VaultDeps, requestId: string, facts: Facts, nonce: Nonce): Promise<Refused | null> {
  const used = await log.consume(nonce);
  if (used === "replayed") return refuseReplay({ log }, requestId, facts);
  return used === "unavailable" ? refused(requestId, AUDIT_UNAVAILABLE) : null;
}

/** Null: nobody needs to approve, or somebody has, and the answer waits. */
async function foreseeApproval(
  { approvals }: VaultDeps,
  checked: CheckedCall,
  asker: Asker,
  facts: Facts,
): Promise<(Check & { ok: false }) | null> {
  const rules = checked.ruling.decision?.approvals ?? [];
  if (rules.length === 0) return null;
  const foreseen = await approvals.foresee(checked, asker, rules);
  if (foreseen.is === "answered") return null;
  facts.approval_id = foreseen.failure.details?.approval_id;
  return { ok: false, rule: foreseen.rule, failure: foreseen.failure };
}
