import type { Readable } from "node:stream";
import { HEADER, type Injection } from "@alter-vault/protocol";
import { localOutcome, type Facts, type KnownEntry } from "./audit/entry.ts";
import type { AuditLog } from "./audit/log.ts";
import type { RefusalLimit } from "./audit/refusal-limit.ts";
import type { Failure, Forwarded, IncomingCall, Operation, Performed, Plan, Refused, Retrieved } from "./call.ts";
import { actingApp, checkCall, DIGEST_MISMATCH, lacksScope, type CheckedCall, type Mode } from "./check-call.ts";
import type { Clock } from "./clock.ts";
import { holdRejection } from "./credential/held-answer.ts";
import type { Refresher } from "./credential/oauth/refresh.ts";
import { missingScopes } from "./credential/oauth/scopes.ts";
import { openCredential, replaceCredential, type OpenedCredential } from "./credential/open-credential.ts";
import type { Keyring } from "./crypto/keyring.ts";
import type { Egress, EgressOutcome, EgressSink } from "./egress/egress.ts";
import { HangUp, type HangUpSignal } from "./egress/hang-up.ts";
import { secretMatcher } from "./egress/scrub.ts";
import type { OpenSigningKey } from "./identity/api-keys.ts";
import { BodyRejected, bodyMatches, digestCheckingStream, digestClaim } from "./identity/content-digest.ts";
import { findAsker, isPlain, plainAsker, type Asker, type KnownAsker } from "./identity/asker.ts";
import { identify, type Identified } from "./identity/identify.ts";
import type { KeyRates } from "./identity/key-use.ts";
import type { UserTokens } from "./identity/user-token.ts";
import { inject, type Injected } from "./inject/inject.ts";
import type { InFlight } from "./policy/limits.ts";
import type { PolicyCache } from "./policy/policy-cache.ts";
import type { TakeState } from "./store/policy-records.ts";
import { takeLimits, type Limited } from "./take-limits.ts";
import { AUDIT_UNAVAILABLE, refuse, refused, refuseReplay, refuseStranger } from "./refuse.ts";
import { callContext, resultContext, type Approvals } from "./approvals/approvals.ts";
import { requestHash } from "./approvals/request-hash.ts";
import { restoreAsker } from "./approvals/restore-asker.ts";
import { restoreCall } from "./approvals/stored-call.ts";
import type { CompiledRule } from "./policy/compile-policy.ts";
import type { ApprovalEnd, ApprovalRecord } from "./store/approval-records.ts";
import { keepAnswer } from "./tool-calls/kept-answer.ts";
import { answerBytes, readAnswer } from "./tool-calls/recorded-answer.ts";
import { isLater, type Soon } from "./soon.ts";
import type { ApiKeyRecord, Nonce, Store, ToolCallRecord } from "./store/store.ts";
import type { ToolCalls } from "./tool-calls/tool-calls.ts";

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
  /** Makes a call that was approved, if nobody else has begun to. Its answer is kept for whoever asked. */
  executeApproved(appId: string, id: string): Promise<void>;
  /** Everything else: reading and changing what the vault keeps. */
  perform(call: IncomingCall, operation: Operation): Promise<Performed | Refused>;
}

/** What is told with a provider's answer. */
export interface AnswerFacts {
  readonly requestId: string;
  readonly grantId: string;
  /** Asked for when the account was connected, and not granted. */
  readonly missingScopes: readonly string[];
  readonly provider: string;
  /** The key still works, and should be replaced. */
  readonly keyDeprecated: boolean;
  /** The app's own limit that is nearest to its end. */
  readonly limit: TakeState | null;
}

export interface VaultDeps {
  readonly store: Store;
  readonly keyring: Keyring;
  readonly refresher: Refresher;
  readonly openSigningKey: OpenSigningKey;
  readonly log: AuditLog;
  readonly userTokens: UserTokens;
  readonly keyRates: KeyRates;
  readonly refusalLimit: RefusalLimit;
  readonly egress: Egress;
  readonly toolCalls: ToolCalls;
  readonly clock: Clock;
  readonly allowLoopback: boolean;
  readonly policies: PolicyCache;
  readonly inFlight: InFlight;
  readonly approvals: Approvals;
}

/** A call whose credential is in place. */
interface Prepared {
  readonly ok: true;
  readonly appId: string;
  readonly checked: CheckedCall;
  readonly injected: Injected & { readonly ok: true };
  readonly keyDeprecated: boolean;
  /** The limit that is nearest to its end; null: there is none. */
  readonly limit: TakeState | null;
  /** Gives back its place among the calls that are on their way. */
  readonly release: () => void;
}

/** A call that waited for approval, and was made by the vault meanwhile: its answer is kept. */
interface Answered {
  readonly ok: true;
  readonly approval: ApprovalRecord;
  readonly checked: CheckedCall;
  readonly keyDeprecated: boolean;
}

/** A call of a tool call that was made before: its answer is recorded, and nobody is asked to approve it again. */
interface MadeBefore {
  readonly ok: true;
  readonly made: ToolCallRecord;
  readonly checked: CheckedCall;
  readonly keyDeprecated: boolean;
}

/** Who makes a call, and what is known of it before it is looked at. */
interface KnownCaller {
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

const NO_RULES: readonly CompiledRule[] = [];
const EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

export function createVault(deps: VaultDeps): Vault {
  const { store, log, egress, clock } = deps;
  const elapsed = (startedMs: number): number => Math.round((clock.monotonic() - startedMs) * 1000) / 1000;

  /** The way of one request up to the injection, for both modes. */
  async function prepare(
    call: IncomingCall,
    mode: Mode,
    requestId: string,
    startedMs: number,
  ): Promise<Prepared | Answered | MadeBefore | Refused> {
    const action = mode === "proxy" ? "request" : "retrieve";
    const identifying = identify(deps, call.signed, clock.now());
    const who = isLater(identifying) ? await identifying : identifying;
    if (!who.ok) return refuseUnknown(requestId, who, action);

    const facts: Facts = { kind: "request", action, mode, app_id: who.key.appId, key_id: who.key.id };
    const asking = whoAsks(call, who.key, facts);
    const known = isLater(asking) ? await asking : asking;
    if (!known.ok) return marked(who.key, refuse(deps, requestId, facts, known, known.rule, who.nonce));
    const { asker } = known;
    return ready(call, { mode, requestId, startedMs, key: who.key, asker, facts, nonce: who.nonce, approved: null });
  }

  /** The same for whoever is known: a caller, or one whose call waited for approval. */
  async function ready(call: IncomingCall, known: KnownCaller): Promise<Prepared | Answered | MadeBefore | Refused> {
    const { mode, requestId, key, asker, facts, nonce } = known;
    const no = (failure: Failure, rule: string): Promise<Refused> =>
      marked(key, refuse(deps, requestId, facts, failure, rule, nonce));
    const check = await checkCall(deps, call, mode, asker, facts);
    if (!check.ok) return no(check.failure, check.rule);
    const { checked } = check;
    const rules = checked.ruling.decision?.approvals ?? NO_RULES;
    if (known.approved) {
      const unmet = whyNotApproved(known.approved, checked, asker, rules);
      if (unmet) return no(unmet, unmet.details?.rule_id ?? "policy");
    } else if (rules.length > 0) {
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
    const limiting = takeLimits(deps, asker.appId, checked.ruling);
    const limited = isLater(limiting) ? await limiting : limiting;
    if (!limited.ok) return no(limited.failure, limited.rule);
    let isReady = false;
    try {
      const prepared = await open(known, checked, limited);
      isReady = prepared.ok;
      return prepared;
    } finally {
      if (!isReady) limited.release();
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
    if (!opened.ok) return { ...endInside(requestId, appId, opened, startedMs), keyDeprecated };
    const injected = put(opened, checked, mode);
    if (!injected.ok) return { ...endInside(requestId, appId, injected, startedMs), keyDeprecated };
    const withTokens = { ...checked, credential: opened.credential };
    return { ok: true, appId, checked: withTokens, injected, keyDeprecated, limit, release };
  }

  /** A key of an agent that was revoked went with it, and its holder may know why. */
  async function refuseUnknown(
    requestId: string,
    who: Identified & { readonly ok: false },
    action: string,
  ): Promise<Refused> {
    const { code, key } = who;
    const agent = code === "invalid_key" && key?.agentId ? await store.findAgent(key.appId, key.agentId) : null;
    const why = agent?.status === "revoked" ? { ...who, ...AGENT_REVOKED } : who;
    return refuseStranger(deps, requestId, why, action);
  }

  /** What goes beyond the key: its agent, the end user, the address. Most calls have none of it, and look nothing up. */
  function whoAsks(call: IncomingCall, key: ApiKeyRecord, facts: Facts, allowPaused = false): Soon<KnownAsker> {
    const { headers } = call.signed;
    if (isPlain(key, headers)) return { ok: true, asker: plainAsker(key) };
    if (key.agentId !== null) facts.agent_id = key.agentId;
    const input = { key, headers, address: call.address(), now: clock.now(), allowPaused };
    return findAsker(deps, input).then((known) => {
      const userId = known.ok ? known.asker.user?.id : known.userId;
      if (userId !== undefined) facts.user_id = userId;
      if (known.ok && known.asker.session) facts.session_id = known.asker.session.id;
      return known;
    });
  }

  function put(
    { rule, material, headers }: OpenedCredential & { ok: true },
    checked: CheckedCall,
    mode: Mode,
  ): Injected {
    const { envelope, url } = checked;
    return inject(
      rule,
      material,
      { method: envelope.method, url, headers },
      { nowMs: clock.now(), bodySha256: bodySha256(checked, mode), ...sigv4Hints(checked) },
    );
  }

  function send(
    checked: CheckedCall,
    injected: Injected & { ok: true },
    stream: Readable | null,
    sink: EgressSink,
    signal: HangUpSignal,
  ): Promise<EgressOutcome> {
    const { buffer, length } = checked.body.buffer
      ? { buffer: checked.body.buffer, length: checked.body.buffer.length }
      : { buffer: null, length: checked.body.length };
    return egress.send(
      {
        method: checked.envelope.method,
        url: injected.url,
        headers: injected.headers,
        credentialHeaders: injected.credentialHeaders,
        credentialQuery: injected.credentialQuery,
        body: buffer && buffer.length > 0 ? buffer : stream,
        contentLength: length,
        allows: checked.allows,
        matcher: secretMatcher(injected.secrets),
        permits: checked.ruling.permits ?? undefined,
        redirect: redirectMode(checked),
        quota: checked.grant.id,
      },
      sink,
      signal,
    );
  }

  /**
   * With the tokens of an account: a 401 is held back, and answered once with better tokens if there are any. A body that
   * was a stream is gone, and its 401 stands.
   */
  async function sendWithTokens(
    { checked, injected }: Prepared,
    sink: EgressSink,
    signal: HangUpSignal,
  ): Promise<EgressOutcome | Failure> {
    const { credential } = checked;
    if (credential.kind === "secret") return send(checked, injected, null, sink, signal);
    const held = holdRejection(sink);
    const sent = await send(checked, injected, null, held, signal);
    if (!held.isHeld || !sent.ok) return sent;
    const better = await replaceCredential(deps, credential, checked.headers);
    if (!better) {
      held.release();
      return sent;
    }
    if (!better.ok) return better;
    const again = put(better, checked, "proxy");
    if (!again.ok) return again;
    const outcome = await send(checked, again, null, sink, signal);
    return { ...outcome, retries: outcome.retries + sent.retries + 1 };
  }

  function forward(
    prepared: Prepared,
    stream: Readable | null,
    sink: EgressSink,
    signal: HangUpSignal,
  ): Promise<EgressOutcome | Failure> {
    const { checked, injected } = prepared;
    return stream || checked.credential.kind === "secret"
      ? send(checked, injected, stream, sink, signal)
      : sendWithTokens(prepared, sink, signal);
  }

  function logOutcome(requestId: string, appId: string, outcome: EgressOutcome, startedMs: number): void {
    log.outcome(requestId, appId, {
      outcome: outcome.ok ? "provider" : outcome.code === "client_closed" ? "client_closed" : "vault_error",
      status: outcome.ok ? outcome.status : null,
      code: outcome.ok ? null : outcome.code,
      latency_ms: elapsed(startedMs),
      retries: outcome.retries,
      redirects: outcome.redirects,
      request_bytes: outcome.ok ? outcome.requestBytes : 0,
      response_bytes: outcome.ok ? outcome.responseBytes : 0,
      scrubbed: outcome.scrubbed,
    });
  }

  /** The kept answer of an approved call, to whoever asked for it; once, or, for a tool call, as often as it is run. */
  async function giveKept(
    requestId: string,
    { approval, checked, keyDeprecated }: Answered,
    index: string | undefined,
    openSink: (answer: AnswerFacts) => EgressSink,
    startedMs: number,
  ): Promise<Forwarded | Refused> {
    const { appId, id } = approval;
    const sink = openSink({ ...keptFacts(requestId, checked), keyDeprecated });
    const take = async (to: EgressSink): Promise<EgressOutcome | Failure> => {
      const kept = await deps.approvals.take(appId, id);
      if (!Buffer.isBuffer(kept)) return kept;
      const { status, headers, body } = readAnswer(kept);
      to.onHeaders(status, { ...headers, "alter-approval": id }, () => undefined);
      if (body.length > 0) to.onData(body);
      const counts = { retries: 0, redirects: 0, requestBytes: 0, responseBytes: body.length, scrubbed: 0 };
      return { ok: true, status, ...counts };
    };
    const given =
      index === undefined
        ? await take(sink)
        : await deps.toolCalls.once({ appId, requestId, index, checked }, sink, take);
    if (!given.ok) return endInside(requestId, appId, given, startedMs);
    log.outcome(requestId, appId, { ...localOutcome("done", null, elapsed(startedMs)), status: given.status });
    return { ok: true, requestId };
  }

  async function giveRecorded(
    requestId: string,
    { made, checked, keyDeprecated }: MadeBefore,
    openSink: (answer: AnswerFacts) => EgressSink,
    startedMs: number,
  ): Promise<Forwarded | Refused> {
    const sink = openSink({ ...keptFacts(requestId, checked), keyDeprecated });
    const given = await deps.toolCalls.replay(made, sink);
    if (!given.ok) return { ...endInside(requestId, made.appId, given, startedMs), keyDeprecated };
    log.outcome(requestId, made.appId, { ...localOutcome("done", null, elapsed(startedMs)), status: given.status });
    return { ok: true, requestId };
  }

  /** Makes an approved call: checked anew from the beginning, and sent at most once, whatever happens. */
  async function makeApproved(approval: ApprovalRecord): Promise<ApprovalEnd> {
    const failed = (problem: string): ApprovalEnd => ({
      status: "failed",
      problem,
      sealedResult: null,
      at: clock.now(),
    });
    const { appId, id } = approval;
    const sealed = await store.findApprovalCall(appId, id);
    const opened = sealed && deps.keyring.open(callContext(approval), sealed);
    if (!opened?.ok) return failed("the kept call cannot be opened");
    const startedMs = clock.monotonic();
    const requestId = log.newId();
    const restored = await restoreAsker(store, approval, opened.plain, clock.now());
    const facts: Facts = { kind: "request", action: "request", mode: "proxy", app_id: appId, key_id: approval.keyId };
    facts.approval_id = id;
    facts.agent_id = approval.agentId ?? undefined;
    facts.user_id = approval.userId ?? undefined;
    if (!restored.ok) {
      await refuse(deps, requestId, facts, restored, "identity.approval", null);
      return failed(restored.detail);
    }
    const { key, asker } = restored;
    const known = { mode: "proxy", requestId, startedMs, key, asker, facts, nonce: null, approved: approval } as const;
    const prepared = await ready(restoreCall(opened.plain), known);
    if (!prepared.ok) return failed(prepared.problem.detail);
    if (!("injected" in prepared)) return failed("the call was approved before");
    const kept = keepAnswer(NOWHERE);
    const sent = await forward(prepared, null, kept, new HangUp()).finally(prepared.release);
    if (!("retries" in sent)) {
      endInside(requestId, appId, sent, startedMs);
      return failed(sent.detail);
    }
    logOutcome(requestId, appId, sent, startedMs);
    if (!sent.ok) return failed(sent.detail);
    const answer = kept.isWhole
      ? answerBytes(kept.status, kept.headers, kept.body())
      : answerBytes(kept.status, { ...kept.headers, "alter-body-truncated": "true" }, Buffer.alloc(0));
    const sealedResult = await deps.keyring.seal(resultContext(approval), answer);
    return { status: "executed", problem: null, sealedResult, at: clock.now() };
  }

  /** Allowed, but ended inside the vault. */
  function endInside(requestId: string, appId: string, failure: Failure, startedMs: number): Refused {
    log.outcome(requestId, appId, localOutcome("vault_error", failure.code, elapsed(startedMs)));
    return refused(requestId, failure);
  }

  return {
    async executeApproved(appId, id) {
      const approval = await store.startApproval(appId, id, clock.now());
      if (!approval) return;
      let end: ApprovalEnd | null = null;
      try {
        end = await makeApproved(approval);
      } finally {
        const at = clock.now();
        const broken = { status: "failed", problem: "the vault failed; nobody knows what came of it" } as const;
        await store.endApproval(appId, id, end ?? { ...broken, sealedResult: null, at });
      }
    },

    async request(call, openSink, signal) {
      const startedMs = clock.monotonic();
      const requestId = log.newId();
      const prepared = await prepare(call, "proxy", requestId, startedMs);
      if (!prepared.ok) return prepared;
      const index = call.signed.headers[HEADER.call];
      if ("approval" in prepared) return giveKept(requestId, prepared, index, openSink, startedMs);
      if ("made" in prepared) return giveRecorded(requestId, prepared, openSink, startedMs);
      const { checked, appId } = prepared;
      const stream = streamedBody(checked);
      const sink = openSink(answerFacts(requestId, prepared));
      const sending =
        index === undefined
          ? forward(prepared, stream, sink, signal)
          : deps.toolCalls.once({ appId, requestId, index, checked }, sink, (kept) =>
              forward(prepared, stream, kept, signal),
            );
      const sent = await sending.finally(prepared.release);
      if ("replayed" in sent) {
        log.outcome(requestId, appId, { ...localOutcome("done", null, elapsed(startedMs)), status: sent.status });
        return { ok: true, requestId };
      }
      const { keyDeprecated } = prepared;
      if (!("retries" in sent)) return { ...endInside(requestId, appId, sent, startedMs), keyDeprecated };
      const outcome = whyBodyBroke(sent, stream);
      logOutcome(requestId, appId, outcome, startedMs);
      if (outcome.ok) return { ok: true, requestId };
      const { code, detail, host, started, retryAfterMs } = outcome;
      const details = {
        ...(host === undefined ? {} : { host }),
        ...(retryAfterMs === undefined ? {} : { retry_after_seconds: Math.ceil(retryAfterMs / 1000) }),
      };
      return { ...refused(requestId, { ok: false, code, detail, details }), started, keyDeprecated };
    },

    async retrieve(call) {
      const startedMs = clock.monotonic();
      const requestId = log.newId();
      const prepared = await prepare(call, "retrieve", requestId, startedMs);
      if (!prepared.ok) return prepared;
      // Where approval is needed, retrieve mode is denied.
      if (!("injected" in prepared)) return refused(requestId, AUDIT_UNAVAILABLE);

      const { checked, injected, appId } = prepared;
      prepared.release();
      log.outcome(requestId, appId, localOutcome("done", null, elapsed(startedMs)));
      const injection: Injection = {
        method: checked.envelope.method,
        url: injected.url.href,
        headers: Object.fromEntries(injected.headers),
        grant_id: checked.grant.id,
        request_id: requestId,
      };
      return { ok: true, injection, keyDeprecated: prepared.keyDeprecated };
    },

    async perform(call, operation) {
      const startedMs = clock.monotonic();
      const requestId = log.newId();
      const who = await identify(deps, call.signed, clock.now());
      if (!who.ok) return refuseUnknown(requestId, who, operation.action);

      const facts: Facts = { kind: "admin", action: operation.action, app_id: who.key.appId, key_id: who.key.id };
      const known = await whoAsks(call, who.key, facts, operation.allowPaused);
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
      if (recorded === "replayed") return refuseReplay(deps, requestId, facts);
      if (recorded === "unavailable") return refused(requestId, AUDIT_UNAVAILABLE);

      const result = await plan.run();
      if (operation.recorded) {
        const [outcome, code] = result.ok ? (["done", null] as const) : (["vault_error", result.code] as const);
        log.outcome(requestId, entry.app_id ?? null, localOutcome(outcome, code, elapsed(startedMs)));
      }
      const keyDeprecated = who.key.deprecatedAt !== null;
      return result.ok ? { ...result, requestId, keyDeprecated } : { ...refused(requestId, result), keyDeprecated };
    },
  };

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
      { keyId: key.id, appId: acting.appId, scopes, asker: { ...asker, appId: acting.appId } },
      body.buffer,
    );
  }
}

/** Whether the call that is about to be made is the one that was approved, and needs no more than that. */
function whyNotApproved(
  approval: ApprovalRecord,
  checked: CheckedCall,
  asker: Asker,
  rules: readonly CompiledRule[],
): Failure | null {
  const approved = new Set(approval.requirements.map(({ ruleId }) => ruleId));
  const missing = rules.find(({ id }) => !approved.has(id));
  const details = { approval_id: approval.id, ...(missing ? { rule_id: missing.id } : {}) };
  if (missing) {
    const detail = `the rule "${missing.name}" asks for an approval that nobody gave`;
    return { ok: false, code: "policy_denied", detail, details };
  }
  if (requestHash(checked, asker) === approval.requestHash) return null;
  return { ok: false, code: "policy_denied", detail: "the call is not the one that was approved", details };
}

/** Where an answer goes that is only kept. */
const NOWHERE: EgressSink = { onHeaders: () => undefined, onData: () => true };

const AGENT_REVOKED = { code: "agent_revoked", detail: "the agent of this key was revoked" } as const;
const ANOTHER_APPS_USER: Failure = {
  ok: false,
  code: "invalid_request",
  detail: "a user token is for the app of the key; it cannot come together with another app",
};

/** Every answer to a key that is deprecated says so. */
function marked({ deprecatedAt }: ApiKeyRecord, refusing: Promise<Refused>): Promise<Refused> {
  return deprecatedAt === null ? refusing : refusing.then((answer) => ({ ...answer, keyDeprecated: true }));
}

/** Of an answer that was kept: nobody sends it now. */
function keptFacts(requestId: string, { grant }: CheckedCall): Omit<AnswerFacts, "keyDeprecated"> {
  return { requestId, grantId: grant.id, provider: grant.provider, missingScopes: NONE, limit: null };
}

function answerFacts(
  requestId: string,
  { checked: { grant, credential }, keyDeprecated, limit }: Prepared,
): AnswerFacts {
  const missing =
    credential.kind === "oauth" ? missingScopes(credential.record.askedScopes, credential.record.grantedScopes) : NONE;
  return { requestId, grantId: grant.id, provider: grant.provider, missingScopes: missing, keyDeprecated, limit };
}

const NONE: readonly string[] = [];

function streamedBody({ body, claim }: CheckedCall): Readable | null {
  if (body.buffer) return null;
  return claim.kind === "sha-256" ? body.stream.compose(digestCheckingStream(claim.value)) : body.stream;
}

/** Egress sees only that the body broke off; the body knows why. */
function whyBodyBroke(sent: EgressOutcome, stream: Readable | null): EgressOutcome {
  const reason = stream?.errored;
  return !sent.ok && reason instanceof BodyRejected ? { ...sent, code: reason.code, detail: reason.message } : sent;
}

/** What SigV4 signs as the payload; nobody else asks. In retrieve mode the caller says what it is going to send. */
function bodySha256({ claim, body, envelope, credential }: CheckedCall, mode: Mode): string | null {
  if (credential.kind !== "secret" || credential.secret.injection.kind !== "sigv4") return null;
  if (mode === "retrieve") return envelope.body_digest ?? null;
  if (claim.kind === "sha-256") return Buffer.from(claim.value, "base64").toString("hex");
  return body.buffer?.length === 0 ? EMPTY_SHA256 : null;
}

/** A SigV4 signature is for one URL: where it would be followed elsewhere, the caller gets the redirect instead. */
function redirectMode({ envelope, credential }: CheckedCall): "follow" | "manual" | "error" {
  const isSigned = credential.kind === "secret" && credential.secret.injection.kind === "sigv4";
  return isSigned && envelope.redirect === "follow" ? "manual" : envelope.redirect;
}

function sigv4Hints({ envelope }: CheckedCall): { sigv4?: { region?: string; service?: string } } {
  if (!envelope.sigv4) return {};
  const { region, service } = envelope.sigv4;
  return { sigv4: { ...(region === undefined ? {} : { region }), ...(service === undefined ? {} : { service }) } };
}
