import type { RequestEnvelope } from "@alter-vault/protocol";
import { findProvider } from "@alter-vault/providers";
import type { Facts } from "./audit/entry.ts";
import type { Failure } from "./call.ts";
import type { UsableCredential } from "./credential/usable-credential.ts";
import type { HopTarget } from "./egress/redirect.ts";
import type { Asker } from "./identity/asker.ts";
import { decidePolicy, type PolicyDecision } from "./policy/decide-policy.ts";
import type { PolicyFacts } from "./policy/facts.ts";
import { providerName } from "./policy/facts/provider-name.ts";
import { normalizedClaims } from "./policy/facts/claims.ts";
import { readTarget } from "./policy/facts/read-target.ts";
import type { AppPolicy } from "./policy/policy-cache.ts";
import type { PublishedPolicy } from "./policy/published-policy.ts";
import { findStop } from "./policy/stops.ts";
import type { GrantRecord } from "./store/grant-records.ts";

/**
 * The second half of "may they": what the app has decided about a call that the base allows. Stops first, then the
 * published policy; a shadow is evaluated, written down, and has no effect. Whatever fails in here denies.
 */
export interface RuledCall {
  readonly envelope: RequestEnvelope;
  readonly url: URL;
  readonly headers: readonly (readonly [string, string])[];
  /** Null: a stream. */
  readonly body: Buffer | null;
  readonly mode: "proxy" | "retrieve";
  readonly asker: Asker;
  readonly address: string | null;
  readonly grant: GrantRecord;
  readonly credential: UsableCredential;
  readonly nowMs: number;
}

export type Ruling =
  | {
      readonly ok: true;
      readonly decision: PolicyDecision & { readonly effect: "pass" };
      readonly facts: PolicyFacts;
      /** Whether a redirect of this call may be followed: it must not need an approval that the call did not. */
      readonly permits: (hop: HopTarget) => boolean;
    }
  /** Nothing was published, and nothing is stopped. */
  | { readonly ok: true; readonly decision: null; readonly facts: null; readonly permits: null }
  | { readonly ok: false; readonly rule: string; readonly failure: Failure };

const NOTHING_SAID: Ruling = { ok: true, decision: null, facts: null, permits: null };

/** Writes into `entry` which version decided, and what the shadow would have. */
export function checkPolicies({ head, published, shadow }: AppPolicy, call: RuledCall, entry: Facts): Ruling {
  if (!published && !shadow && head.stops.length === 0) return NOTHING_SAID;
  let facts: PolicyFacts;
  try {
    const readsBody = [published, shadow].some((one) => one !== null && one !== "broken" && one.readsBody);
    facts = factsOf(call, readsBody);
  } catch {
    return denies("policy", "the call cannot be read as policies need it", call);
  }
  if (head.published !== null) entry.policy_version = head.published;
  const stop = findStop(head, facts);
  if (stop) {
    const { kind, value, reason } = stop;
    return denies(`stop.${kind}`, `the ${kind} ${value} was stopped${reason === null ? "" : `: ${reason}`}`, call);
  }
  if (shadow && head.shadow !== null) entry.shadow = shadowText(head.shadow, ruled(shadow, facts));
  if (!published) return NOTHING_SAID;
  const decision = ruled(published, facts);
  if (decision.effect === "deny") return denies(decision.rule, decision.reason, call);
  if (call.mode === "retrieve" && decision.approvals.length > 0) {
    const [{ id, name } = NO_RULE] = decision.approvals;
    return denies(id, `the rule "${name}" asks for approval, and only the vault can make an approved call`, call);
  }
  const approved = new Set(decision.approvals.map(({ id }) => id));
  const permits = (hop: HopTarget): boolean => {
    const next = ruled(published, factsOf(afterRedirect(call, hop), published !== "broken" && published.readsBody));
    return next.effect === "pass" && next.approvals.every(({ id }) => approved.has(id));
  };
  return { ok: true, decision, facts, permits };
}

const NO_RULE = { id: "policy", name: "policy" };

function afterRedirect(call: RuledCall, { method, url, sendsBody }: HopTarget): RuledCall {
  return { ...call, envelope: { ...call.envelope, method }, url, body: sendsBody ? call.body : EMPTY };
}

const EMPTY = Buffer.alloc(0);

function ruled(policy: PublishedPolicy | "broken", facts: PolicyFacts): PolicyDecision {
  if (policy === "broken") return { effect: "deny", rule: "policy", reason: "the published policy cannot be read" };
  return decidePolicy(policy, facts);
}

function denies(rule: string, reason: string, { grant }: RuledCall): Ruling {
  const details = { rule_id: rule, policy_error: reason, grant_id: grant.id, provider_id: grant.provider };
  return { ok: false, rule, failure: { ok: false, code: "policy_denied", detail: reason, details } };
}

function shadowText(version: number, decision: PolicyDecision): string {
  if (decision.effect === "deny") return `version ${version} denies by ${decision.rule}: ${decision.reason}`;
  const [approval] = decision.approvals;
  return approval ? `version ${version} asks for approval by ${approval.id}` : `version ${version} allows`;
}

function factsOf(call: RuledCall, readsBody: boolean): PolicyFacts {
  const { envelope, url, headers, asker, grant, credential } = call;
  const name = providerName(grant.provider);
  return {
    appId: asker.appId,
    provider: name,
    grantId: grant.id,
    secretId: grant.secretId,
    agents: asker.agent ? [asker.agent.id, asker.agent.name] : NONE,
    userId: asker.user?.id ?? null,
    groups: asker.user ? asker.user.groups.flatMap(({ id, externalId, name }) => [id, externalId, name]) : NONE,
    mode: call.mode,
    scopes: credential.kind === "oauth" ? credential.record.grantedScopes : NONE,
    sourceIp: call.address,
    nowMs: call.nowMs,
    grantCreatedAtMs: grant.createdAt,
    claims: normalizedClaims(envelope.context),
    ...readTarget({
      method: envelope.method,
      url,
      headers,
      // In retrieve mode the caller sends the body itself.
      body: call.mode === "proxy" ? call.body : null,
      readsBody,
      // A token may have been stored by hand, for a provider that the catalogue knows.
      provider: credential.kind === "oauth" ? credential.provider : (findProvider(name) ?? null),
    }),
  };
}

const NONE: readonly string[] = [];
