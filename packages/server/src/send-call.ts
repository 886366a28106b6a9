import type { Readable } from "node:stream";
import type { Failure } from "./call.ts";
import type { CheckedCall, Mode } from "./check-call.ts";
import type { Clock } from "./clock.ts";
import { holdRejection } from "./credential/held-answer.ts";
import type { Refresher } from "./credential/oauth/refresh.ts";
import { replaceCredential, type OpenedCredential } from "./credential/open-credential.ts";
import type { Keyring } from "./crypto/keyring.ts";
import type { Egress, EgressOutcome, EgressSink } from "./egress/egress.ts";
import type { HangUpSignal } from "./egress/hang-up.ts";
import { secretMatcher } from "./egress/scrub.ts";
import { BodyRejected, digestCheckingStream } from "./identity/content-digest.ts";
import { inject, type Injected } from "./inject/inject.ts";
import type { Prepared } from "./prepared-call.ts";
import type { Store } from "./store/store.ts";

/**
 * The last steps of a call: the credential is put into it, and it is sent. Nothing is decided here; what comes is checked,
 * and its decision is written down.
 */
export interface Sending {
  put(opened: OpenedCredential & { readonly ok: true }, checked: CheckedCall, mode: Mode): Injected;
  /** With the body of the call, and what became of it. */
  forward(
    prepared: Prepared,
    stream: Readable | null,
    sink: EgressSink,
    signal: HangUpSignal,
  ): Promise<EgressOutcome | Failure>;
}

interface SendDeps {
  readonly store: Store;
  readonly egress: Egress;
  readonly clock: Clock;
  readonly keyring: Keyring;
  readonly refresher: Refresher;
}

export function createSending(deps: SendDeps): Sending {
  const { egress, clock } = deps;

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
        limitHeaders: checked.credential.kind === "oauth" ? checked.credential.provider.api.rateLimit : undefined,
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

  return { put, forward };
}

export function streamedBody({ body, claim }: CheckedCall): Readable | null {
  if (body.buffer) return null;
  return claim.kind === "sha-256" ? body.stream.compose(digestCheckingStream(claim.value)) : body.stream;
}

/** Egress sees only that the body broke off; the body knows why. */
export function whyBodyBroke(sent: EgressOutcome, stream: Readable | null): EgressOutcome {
  const reason = stream?.errored;
  return !sent.ok && reason instanceof BodyRejected ? { ...sent, code: reason.code, detail: reason.message } : sent;
}

const EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

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
