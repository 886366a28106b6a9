import type { Readable } from "node:stream";
import { HEADER, type Injection } from "@alter-vault/protocol";
import { answerFacts, type AnswerFacts } from "./answer-facts.ts";
import type { Approvals } from "./approvals/approvals.ts";
import { makeApproved } from "./approvals/make-approved.ts";
import type { Facts, KnownEntry } from "./audit/entry.ts";
import type { AuditLog } from "./audit/log.ts";
import type { RefusalLimit } from "./audit/refusal-limit.ts";
import type { CallLimits } from "./call-limits.ts";
import { createCallOutcomes } from "./call-outcome.ts";
import type {
  Failure,
  Forwarded,
  IncomingCall,
  Operation,
  Performed,
  Plan,
  Previewed,
  Refused,
  Retrieved,
} from "./call.ts";
import { actingApp, DIGEST_MISMATCH, lacksScope, type Mode } from "./check-call.ts";
import type { Clock } from "./clock.ts";
import type { Refresher } from "./credential/oauth/refresh.ts";
import type { Keyring } from "./crypto/keyring.ts";
import type { Egress, EgressSink } from "./egress/egress.ts";
import type { HangUpSignal } from "./egress/hang-up.ts";
import { giveKept, giveRecorded } from "./give-kept.ts";
import type { OpenSigningKey } from "./identity/api-keys.ts";
import type { Asker } from "./identity/asker.ts";
import { bodyMatches, digestClaim } from "./identity/content-digest.ts";
import { identify } from "./identity/identify.ts";
import type { KeyRates } from "./identity/key-use.ts";
import type { UserTokens } from "./identity/user-token.ts";
import type { PolicyCache } from "./policy/policy-cache.ts";
import { createPreparing } from "./prepare-call.ts";
import type { Prepared } from "./prepared-call.ts";
import { previewCall } from "./preview-call.ts";
import { AUDIT_UNAVAILABLE, refuse, refused, refuseReplay } from "./refuse.ts";
import { createSending, streamedBody, whyBodyBroke, type Sending } from "./send-call.ts";
import type { ApprovalEnd } from "./store/approval-records.ts";
import type { ApiKeyRecord, Store } from "./store/store.ts";
import type { Replayed, ToolCalls } from "./tool-calls/tool-calls.ts";
import { costlessReplay, marked, refuseUnknown, whoAsks } from "./who-asks.ts";

/**
 * THE DOOR. Everything that anybody asks of the vault comes through here, and each way through reads the same:
 *
 *   identify -> check and decide -> record the decision -> resolve -> inject -> forward -> record the outcome
 *
 * No credential is opened before the decision to use it is on the disk; without a recorded decision nothing happens.
 * It trusts the signature of the caller, and nothing else the caller says.
 */
export interface Vault {
  /** Proxy mode. What the provider answers goes to the sink; the answer says what became of the call. */
  request(
    call: IncomingCall,
    openSink: (answer: AnswerFacts) => EgressSink,
    signal: HangUpSignal,
  ): Promise<Forwarded | Refused>;
  /** Retrieve mode: the injection of one named request. */
  retrieve(call: IncomingCall): Promise<Retrieved | Refused>;
  /** Whether a call would be allowed, for whoever may make it. */
  preview(call: IncomingCall, mode: Mode): Promise<Previewed | Refused>;
  /** Makes a call that was approved, if nobody else has begun to. Its answer is kept for whoever asked. */
  executeApproved(appId: string, id: string): Promise<void>;
  /** Everything else: reading and changing what the vault keeps. */
  perform(call: IncomingCall, operation: Operation): Promise<Performed | Refused>;
}

export interface VaultDeps {
  readonly store: Store;
  readonly keyring: Keyring;
  readonly refresher: Refresher;
  readonly openSigningKey: OpenSigningKey;
  readonly signedAfter: number;
  readonly log: AuditLog;
  readonly userTokens: UserTokens;
  readonly keyRates: KeyRates;
  readonly refusalLimit: RefusalLimit;
  readonly egress: Egress;
  readonly toolCalls: ToolCalls;
  readonly clock: Clock;
  /** The chain that this process writes: by it others see whether it lives. */
  readonly holder: string;
  readonly allowLoopback: boolean;
  readonly policies: PolicyCache;
  readonly limits: CallLimits;
  readonly approvals: Approvals;
}

export function createVault(deps: VaultDeps): Vault {
  const { store, log, clock } = deps;
  const outcomes = createCallOutcomes(deps);
  const sending = createSending(deps);
  const preparing = createPreparing(deps, sending, outcomes);
  const approved = { ...deps, preparing, sending, outcomes };
  const giving = { ...deps, outcomes };

  return {
    async executeApproved(appId, id) {
      const approval = await store.startApproval(appId, id, deps.holder, clock.now());
      if (!approval) return;
      let end: ApprovalEnd | null = null;
      try {
        end = await makeApproved(approved, approval);
      } finally {
        const at = clock.now();
        const broken = { status: "failed", problem: "the vault failed; nobody knows what came of it" } as const;
        await store.endApproval(appId, id, end ?? { ...broken, sealedResult: null, at });
      }
    },

    async request(call, openSink, signal) {
      const startedMs = clock.monotonic();
      const requestId = log.newId();
      const prepared = await preparing.prepare(call, "proxy", requestId, startedMs);
      if (!prepared.ok) return prepared;
      const index = call.signed.headers[HEADER.call];
      if ("approval" in prepared) return giveKept(giving, requestId, prepared, index, openSink, startedMs);
      if ("made" in prepared) return giveRecorded(giving, requestId, prepared, openSink, startedMs);
      const { checked, appId } = prepared;
      const stream = streamedBody(checked);
      const sink = openSink(answerFacts(requestId, prepared));
      const under =
        index === undefined
          ? sending.forward(prepared, stream, sink, signal)
          : deps.toolCalls.once({ appId, requestId, index, checked }, sink, (kept) =>
              sending.forward(prepared, stream, kept, signal),
            );
      try {
        return ended(requestId, prepared, await under, stream, startedMs);
      } finally {
        // Only now that the outcome is on its way into the log, which does not wait for a store to forget a place.
        const releasing = prepared.release();
        if (releasing) await releasing;
      }
    },

    async retrieve(call) {
      const startedMs = clock.monotonic();
      const requestId = log.newId();
      const prepared = await preparing.prepare(call, "retrieve", requestId, startedMs);
      if (!prepared.ok) return prepared;
      // Where approval is needed, retrieve mode is denied.
      if (!("injected" in prepared)) return refused(requestId, AUDIT_UNAVAILABLE);

      const { checked, injected, appId } = prepared;
      await prepared.release();
      outcomes.done(requestId, appId, startedMs);
      const injection: Injection = {
        method: checked.envelope.method,
        url: injected.url.href,
        headers: Object.fromEntries(injected.headers),
        grant_id: checked.grant.id,
        request_id: requestId,
      };
      return { ok: true, injection, keyDeprecated: prepared.keyDeprecated };
    },

    preview: (call, mode) => previewCall(deps, call, mode),

    async perform(call, operation) {
      const startedMs = clock.monotonic();
      const requestId = log.newId();
      const who = await identify(deps, call.signed, clock.now());
      if (!who.ok) return refuseUnknown(deps, requestId, who, operation.action);

      const facts: Facts = { kind: "admin", action: operation.action, app_id: who.key.appId, key_id: who.key.id };
      const known = await whoAsks(deps, call, who, facts, operation.allowPaused);
      if (!known.ok) return marked(who.key, refuse(deps, requestId, facts, known, known.rule, who.nonce));
      const plan = await planOperation(call, who.key, known.asker, operation, facts);
      if (!plan.ok) return marked(who.key, refuse(deps, requestId, facts, plan, "base", who.nonce));

      const entry: KnownEntry = {
        ...facts,
        ...plan.facts,
        decision: "allow",
        rule: "base",
      };
      const recorded = operation.recorded
        ? await log.record(requestId, entry, who.nonce)
        : await log.consume(who.nonce);
      if (recorded === "replayed")
        return costlessReplay<Performed>(deps.keyRates, who.key, refuseReplay(deps, requestId, facts));
      if (recorded === "unavailable") return refused(requestId, AUDIT_UNAVAILABLE);

      const result = await plan.run();
      if (operation.recorded) {
        const appId = entry.app_id ?? null;
        if (result.ok) outcomes.done(requestId, appId, startedMs);
        else outcomes.endedInside(requestId, appId, result, startedMs);
      }
      const keyDeprecated = who.key.deprecatedAt !== null;
      return result.ok ? { ...result, requestId, keyDeprecated } : { ...refused(requestId, result), keyDeprecated };
    },
  };

  /** What came of a call that was sent, written down and as the caller is told. */
  function ended(
    requestId: string,
    { appId, keyDeprecated }: Prepared,
    sent: Awaited<ReturnType<Sending["forward"]>> | Replayed,
    stream: Readable | null,
    startedMs: number,
  ): Forwarded | Refused {
    if ("replayed" in sent) {
      outcomes.done(requestId, appId, startedMs, sent.status);
      return { ok: true, requestId };
    }
    if (!("retries" in sent)) return { ...outcomes.endedInside(requestId, appId, sent, startedMs), keyDeprecated };
    const outcome = whyBodyBroke(sent, stream);
    outcomes.sent(requestId, appId, outcome, startedMs);
    if (outcome.ok) return { ok: true, requestId };
    const { code, detail, host, started, retryAfterMs } = outcome;
    const details = {
      ...(host === undefined ? {} : { host }),
      ...(retryAfterMs === undefined ? {} : { retry_after_seconds: Math.ceil(retryAfterMs / 1000) }),
    };
    return { ...refused(requestId, { ok: false, code, detail, details }), started, keyDeprecated };
  }

  async function planOperation(
    call: IncomingCall,
    key: ApiKeyRecord,
    asker: Asker,
    operation: Operation,
    facts: Facts,
  ): Promise<Plan> {
    if (operation.scope && !asker.scopes.includes(operation.scope)) return lacksScope(operation.scope);
    const acting = await actingApp(store, key, call.signed.headers);
    if (!acting.ok) return acting;
    if (asker.user && acting.appId !== key.appId) return ANOTHER_APPS_USER;
    facts.app_id = acting.appId;
    const claim = digestClaim(call.signed.headers);
    if (claim.kind !== "sha-256")
      return { ok: false, code: "digest_mismatch", detail: "this endpoint needs a signed body" };
    const body = await call.body.read();
    if (!body.ok) return body;
    if (!body.buffer)
      return { ok: false, code: "body_too_large", detail: "the body is over the limit of this endpoint" };
    if (!bodyMatches(claim, body.buffer)) return DIGEST_MISMATCH;
    const { scopes } = asker;
    return operation.plan(
      {
        keyId: key.id,
        bounds: { ...key, scopes },
        appId: acting.appId,
        scopes,
        asker: { ...asker, appId: acting.appId },
      },
      body.buffer,
    );
  }
}

const ANOTHER_APPS_USER: Failure = {
  ok: false,
  code: "invalid_request",
  detail: "a user token is for the app of the key; it cannot come together with another app",
};
