import type { Readable } from "node:stream";
import type { Injection } from "@alter-vault/protocol";
import { localOutcome, type Facts, type KnownEntry } from "./audit/entry.ts";
import type { AuditLog } from "./audit/log.ts";
import type { RefusalLimit } from "./audit/refusal-limit.ts";
import type { Failure, Forwarded, IncomingCall, Operation, Performed, Plan, Refused, Retrieved } from "./call.ts";
import { actingApp, checkCall, DIGEST_MISMATCH, lacksScope, type CheckedCall, type Mode } from "./check-call.ts";
import type { Clock } from "./clock.ts";
import { openSecretValue } from "./credential/secret-value.ts";
import type { Keyring } from "./crypto/keyring.ts";
import type { Egress, EgressOutcome, EgressSink } from "./egress/egress.ts";
import type { HangUpSignal } from "./egress/hang-up.ts";
import { secretMatcher } from "./egress/scrub.ts";
import type { OpenSigningKey } from "./identity/api-keys.ts";
import { BodyRejected, bodyMatches, digestCheckingStream, digestClaim } from "./identity/content-digest.ts";
import { identify } from "./identity/identify.ts";
import { inject, type Injected } from "./inject/inject.ts";
import { AUDIT_UNAVAILABLE, refuse, refused, refuseReplay, refuseStranger } from "./refuse.ts";
import { isLater } from "./soon.ts";
import type { ApiKeyRecord, Store } from "./store/store.ts";

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
    openSink: (requestId: string) => EgressSink,
    signal: HangUpSignal,
  ): Promise<Forwarded | Refused>;
  /** Retrieve mode: the injection of one named request. */
  retrieve(call: IncomingCall): Promise<Retrieved | Refused>;
  /** Everything else: reading and changing what the vault keeps. */
  perform(call: IncomingCall, operation: Operation): Promise<Performed | Refused>;
}

export interface VaultDeps {
  readonly store: Store;
  readonly keyring: Keyring;
  readonly openSigningKey: OpenSigningKey;
  readonly log: AuditLog;
  readonly refusalLimit: RefusalLimit;
  readonly egress: Egress;
  readonly clock: Clock;
  readonly allowLoopback: boolean;
}

/** A call whose credential is in place. */
interface Prepared {
  readonly ok: true;
  readonly appId: string;
  readonly checked: CheckedCall;
  readonly injected: Injected & { readonly ok: true };
}

const UNREADABLE: Failure = { ok: false, code: "credential_unreadable", detail: "the stored value does not open" };
const EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

export function createVault(deps: VaultDeps): Vault {
  const { store, keyring, log, egress, clock } = deps;
  const elapsed = (startedMs: number): number => Math.round((clock.monotonic() - startedMs) * 1000) / 1000;

  /** The way of one request up to the injection, for both modes. */
  async function prepare(
    call: IncomingCall,
    mode: Mode,
    requestId: string,
    startedMs: number,
  ): Promise<Prepared | Refused> {
    const action = mode === "proxy" ? "request" : "retrieve";
    const identifying = identify(deps, call.signed, clock.now());
    const who = isLater(identifying) ? await identifying : identifying;
    if (!who.ok) return refuseStranger(deps, requestId, who, action);

    const { appId, id: keyId } = who.key;
    const facts: Facts = { kind: "request", action, mode, app_id: appId, key_id: keyId };
    const check = await checkCall(deps, call, mode, who.key, facts);
    if (!check.ok) return refuse(deps, requestId, facts, check.failure, check.rule, who.nonce);

    const { checked } = check;
    const entry: KnownEntry = { ...facts, decision: "allow", rule: checked.rule };
    const recorded = await log.record(requestId, entry, who.nonce);
    if (recorded === "replayed") return refuseReplay(deps, requestId, facts);
    if (recorded === "unavailable") return refused(requestId, AUDIT_UNAVAILABLE);

    const material = openSecretValue(keyring, checked.secret);
    if (!material) return endInside(requestId, appId, UNREADABLE, startedMs);
    const { envelope, url, headers, secret } = checked;
    const injected = inject(
      secret.injection,
      material,
      { method: envelope.method, url, headers },
      { nowMs: clock.now(), bodySha256: bodySha256(checked, mode), ...sigv4Hints(checked) },
    );
    if (!injected.ok) return endInside(requestId, appId, injected, startedMs);
    return { ok: true, appId, checked, injected };
  }

  /** Allowed, but ended inside the vault. */
  function endInside(requestId: string, appId: string, failure: Failure, startedMs: number): Refused {
    log.outcome(requestId, appId, localOutcome("vault_error", failure.code, elapsed(startedMs)));
    return refused(requestId, failure);
  }

  return {
    async request(call, openSink, signal) {
      const startedMs = clock.monotonic();
      const requestId = log.newId();
      const prepared = await prepare(call, "proxy", requestId, startedMs);
      if (!("checked" in prepared)) return prepared;

      const { checked, injected, appId } = prepared;
      const stream = streamedBody(checked);
      const { buffer } = checked.body;
      const sent = await egress.send(
        {
          method: checked.envelope.method,
          url: injected.url,
          headers: injected.headers,
          credentialHeaders: injected.credentialHeaders,
          credentialQuery: injected.credentialQuery,
          body: buffer && buffer.length > 0 ? buffer : stream,
          contentLength: checked.body.buffer ? checked.body.buffer.length : checked.body.length,
          allows: checked.allows,
          matcher: secretMatcher(injected.secrets),
          redirect: redirectMode(checked),
        },
        openSink(requestId),
        signal,
      );
      const outcome = whyBodyBroke(sent, stream);
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
      if (outcome.ok) return { ok: true, requestId };
      const { code, detail, host, started } = outcome;
      return {
        ...refused(requestId, { ok: false, code, detail, ...(host === undefined ? {} : { details: { host } }) }),
        started,
      };
    },

    async retrieve(call) {
      const startedMs = clock.monotonic();
      const requestId = log.newId();
      const prepared = await prepare(call, "retrieve", requestId, startedMs);
      if (!("checked" in prepared)) return prepared;

      const { checked, injected, appId } = prepared;
      log.outcome(requestId, appId, localOutcome("done", null, elapsed(startedMs)));
      const injection: Injection = {
        method: checked.envelope.method,
        url: injected.url.href,
        headers: Object.fromEntries(injected.headers),
        grant_id: checked.grant.id,
        request_id: requestId,
      };
      return { ok: true, injection };
    },

    async perform(call, operation) {
      const startedMs = clock.monotonic();
      const requestId = log.newId();
      const who = await identify(deps, call.signed, clock.now());
      if (!who.ok) return refuseStranger(deps, requestId, who, operation.action);

      const facts: Facts = { kind: "admin", action: operation.action, app_id: who.key.appId, key_id: who.key.id };
      const plan = await planOperation(call, who.key, operation, facts);
      if (!plan.ok) return refuse(deps, requestId, facts, plan, "base", who.nonce);

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
      return result.ok ? { ...result, requestId } : refused(requestId, result);
    },
  };

  async function planOperation(
    call: IncomingCall,
    key: ApiKeyRecord,
    operation: Operation,
    facts: Facts,
  ): Promise<Plan> {
    if (operation.scope && !key.scopes.includes(operation.scope)) return lacksScope(operation.scope);
    const acting = await actingApp(store, key, call.signed.headers);
    if (!acting.ok) return acting;
    facts.app_id = acting.appId;
    const claim = digestClaim(call.signed.headers);
    if (claim.kind !== "sha-256")
      return { ok: false, code: "digest_mismatch", detail: "this endpoint needs a signed body" };
    const body = await call.body.read();
    if (!body.ok) return body;
    if (!body.buffer)
      return { ok: false, code: "body_too_large", detail: "the body is over the limit of this endpoint" };
    if (!bodyMatches(claim, body.buffer)) return DIGEST_MISMATCH;
    return operation.plan({ keyId: key.id, appId: acting.appId, scopes: key.scopes }, body.buffer);
  }
}

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
function bodySha256({ claim, body, envelope, secret }: CheckedCall, mode: Mode): string | null {
  if (secret.injection.kind !== "sigv4") return null;
  if (mode === "retrieve") return envelope.body_digest ?? null;
  if (claim.kind === "sha-256") return Buffer.from(claim.value, "base64").toString("hex");
  return body.buffer?.length === 0 ? EMPTY_SHA256 : null;
}

/** A SigV4 signature is for one URL: where it would be followed elsewhere, the caller gets the redirect instead. */
function redirectMode({ envelope, secret }: CheckedCall): "follow" | "manual" | "error" {
  return secret.injection.kind === "sigv4" && envelope.redirect === "follow" ? "manual" : envelope.redirect;
}

function sigv4Hints({ envelope }: CheckedCall): { sigv4?: { region?: string; service?: string } } {
  if (!envelope.sigv4) return {};
  const { region, service } = envelope.sigv4;
  return { sigv4: { ...(region === undefined ? {} : { region }), ...(service === undefined ? {} : { service }) } };
}
