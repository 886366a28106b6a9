import { HEADER, ROUTES, type RequestEnvelope, type Scope } from "@alter-vault/protocol";
import type { Facts } from "./audit/entry.ts";
import { maskRawTarget, maskUrl } from "./audit/mask-url.ts";
import type { Failure, IncomingCall, ReadBody } from "./call.ts";
import type { Clock } from "./clock.ts";
import { resolveGrant } from "./credential/resolve-grant.ts";
import { usableCredential, type UsableCredential } from "./credential/usable-credential.ts";
import { allowedHostsOf } from "./egress/allowed-hosts.ts";
import { checkRequestHeaders } from "./egress/request-headers.ts";
import { parseTarget } from "./egress/target.ts";
import { bodyMatches, digestClaim, type DigestClaim } from "./identity/content-digest.ts";
import { readEnvelope } from "./identity/read-envelope.ts";
import { checkPolicies, type Ruling } from "./check-policies.ts";
import { decide } from "./policy/decide.ts";
import type { PolicyCache } from "./policy/policy-cache.ts";
import type { Asker } from "./identity/asker.ts";
import { scopesBeyondAgent } from "./identity/visible.ts";
import { isLater } from "./soon.ts";
import type { ApiKeyRecord, AppStore, Store } from "./store/store.ts";
import type { GrantRecord } from "./store/grant-records.ts";

/**
 * Everything that can be wrong with a call, looked at in order, before anything is opened or written. What is learned on
 * the way is put into `facts`, so that the entry of a refusal says as much as there is to say.
 */
export type Mode = "proxy" | "retrieve";

/** A call that may be made: nothing about it is left to check. */
export interface CheckedCall {
  readonly envelope: RequestEnvelope;
  readonly url: URL;
  readonly headers: readonly (readonly [string, string])[];
  readonly claim: DigestClaim;
  readonly body: ReadBody & { readonly ok: true };
  readonly grant: GrantRecord;
  /** The user whose account it is or who asks: what is kept of the call is theirs. Null: nobody's. */
  readonly ownerId: string | null;
  readonly credential: UsableCredential;
  readonly allows: (url: URL) => boolean;
  readonly rule: string;
  readonly ruling: Ruling & { readonly ok: true };
}

export type Check =
  | { readonly ok: true; readonly checked: CheckedCall }
  | { readonly ok: false; readonly rule: string; readonly failure: Failure };

interface CheckDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly allowLoopback: boolean;
  readonly policies: PolicyCache;
}

export async function checkCall(
  deps: CheckDeps,
  call: IncomingCall,
  mode: Mode,
  asker: Asker,
  facts: Facts,
): Promise<Check> {
  const scope = mode === "proxy" ? ROUTES.request.scope : ROUTES.retrieve.scope;
  if (!asker.scopes.includes(scope)) return fails("base.scope", lacksScope(scope));

  const read = readEnvelope(call.signed.headers);
  if (!read.ok) return fails("wire.envelope", read);
  const { envelope } = read;
  noteEnvelope(facts, envelope);

  const target = parseTarget(envelope, { allowLoopback: deps.allowLoopback });
  if (!target.ok) {
    facts.url = maskRawTarget(envelope.target);
    return fails("target", { ...target, details: target.host === undefined ? {} : { host: target.host } });
  }
  const { url } = target;
  facts.url = maskUrl(url);
  const headers = checkRequestHeaders(envelope.headers);
  if (!headers.ok) return fails("target.headers", { ...headers, details: { header: headers.header } });

  const claim = digestClaim(call.signed.headers);
  if (claim.kind === "invalid")
    return fails("identity.digest", { ok: false, code: "digest_mismatch", detail: claim.detail });
  if (claim.kind === "sha-256") facts.body_digest = claim.value;
  const reading = call.body.read();
  const body = isLater(reading) ? await reading : reading;
  if (!body.ok) return fails("wire.body", body);
  if (body.buffer && !bodyMatches(claim, body.buffer)) return fails("identity.digest", DIGEST_MISMATCH);

  const resolving = resolveGrant(deps.store, asker, envelope, deps.clock.now());
  const resolved = isLater(resolving) ? await resolving : resolving;
  if (!resolved.ok) return fails("base.grant_exists", resolved);
  const { grant } = resolved.found;
  facts.grant_id = grant.id;
  facts.secret_id = grant.secretId;
  facts.provider = grant.provider;
  facts.principal_type = grant.principalType;
  if (grant.principalType === "user" && grant.principalId !== facts.user_id) facts.principal_id = grant.principalId;
  if (resolved.delegationId !== null) facts.delegation_id = resolved.delegationId;

  const opening = usableCredential(deps.store, resolved.found, deps);
  const credential = isLater(opening) ? await opening : opening;
  const beyond = beyondAgent(asker, resolved.delegationId !== null, credential);
  if (beyond) return fails("base.agent_scopes", beyond);
  const allows = allowedHostsOf(credential?.hosts ?? NO_HOSTS);
  const decision = decide({
    grant,
    credential: stateOf(credential),
    mode,
    hostAllowed: allows(url),
    host: url.host,
    nowMs: deps.clock.now(),
  });
  if (decision.effect === "deny" || !credential) {
    const { rule, code, message } = decision.effect === "deny" ? decision : NO_CREDENTIAL;
    const details = {
      rule_id: rule,
      grant_id: grant.id,
      provider_id: grant.provider,
      ...(code === "target_host_not_allowed" ? { host: url.host } : {}),
    };
    return fails(rule, { ok: false, code, detail: message, details });
  }
  const finding = deps.policies.of(asker.appId);
  const policy = isLater(finding) ? await finding : finding;
  const called = { envelope, url, headers: headers.headers, body: body.buffer, mode, asker, grant, credential };
  const ruling = checkPolicies(policy, { ...called, address: call.address(), nowMs: deps.clock.now() }, facts);
  if (!ruling.ok) return fails(ruling.rule, ruling.failure);
  return {
    ok: true,
    checked: {
      ruling,
      envelope,
      url,
      headers: headers.headers,
      claim,
      body,
      grant,
      ownerId: grant.principalType === "user" ? grant.principalId : (asker.user?.id ?? null),
      credential,
      allows,
      rule: decision.rule,
    },
  };
}

/** An account that was connected again with more scopes than its agent may have is not the agent's any more. */
function beyondAgent({ agent }: Asker, isDelegated: boolean, credential: UsableCredential | null): Failure | null {
  if (!agent || !isDelegated || credential?.kind !== "oauth") return null;
  const { provider, record } = credential;
  const beyond = scopesBeyondAgent(agent, provider.id, record.grantedScopes, provider.authorize?.alwaysScopes);
  if (beyond.length === 0) return null;
  const detail = `the account gave ${beyond.join(" ")}, which the agent is not registered for`;
  return { ok: false, code: "no_delegated_grant", detail, details: { provider_id: provider.id } };
}

/** For the app a key acts for, which is its own unless it may act for others. */
export async function actingApp(
  store: AppStore,
  key: ApiKeyRecord,
  headers: Readonly<Record<string, string | undefined>>,
): Promise<{ readonly ok: true; readonly appId: string } | Failure> {
  const wanted = headers[HEADER.app];
  if (wanted === undefined || wanted === key.appId) return { ok: true, appId: key.appId };
  if (!key.scopes.includes("apps:write")) return lacksScope("apps:write");
  if (!(await store.findApp(wanted))) return { ok: false, code: "app_not_found", detail: "no app of this id" };
  return { ok: true, appId: wanted };
}

export function lacksScope(scope: Scope): Failure {
  return {
    ok: false,
    code: "insufficient_scope",
    detail: `the key lacks the scope ${scope}`,
    details: { required_scope: scope },
  };
}

export const DIGEST_MISMATCH: Failure = {
  ok: false,
  code: "digest_mismatch",
  detail: "the body is not the one that was signed",
};

function stateOf(credential: UsableCredential | null): "usable" | "gone" | "dead" {
  if (!credential) return "gone";
  return credential.kind === "oauth" && credential.record.state === "reauth_required" ? "dead" : "usable";
}

/** The policy denies a grant without a credential; this is for the compiler, and for the day it does not. */
const NO_CREDENTIAL = { rule: "base.grant_exists", code: "grant_deleted", message: "the grant was deleted" } as const;

const NO_HOSTS: readonly string[] = [];

function fails(rule: string, failure: Failure): Check {
  return { ok: false, rule, failure };
}

function noteEnvelope(facts: Facts, envelope: RequestEnvelope): void {
  facts.caller = envelope.caller;
  facts.context = envelope.context;
  facts.reason = envelope.reason;
  facts.method = envelope.method;
  facts.grant_id = envelope.grant_id;
  facts.provider = envelope.provider;
}
