import type { ErrorCode } from "@alter-vault/protocol";
import type { Dispatcher } from "undici";
import { Answer, type AnswerOwner } from "./answer.ts";
import { Attempt, type AttemptOwner } from "./attempt.ts";
import type { ConnectionPools } from "./connection-pools.ts";
import type { EgressOutcome, EgressRequest, EgressSink } from "./egress.ts";
import { describeFailure } from "./failure.ts";
import type { HangUpSignal } from "./hang-up.ts";
import type { EgressLimits } from "./limits.ts";
import { isRedirect, nextHop, type Hop } from "./redirect.ts";
import type { QuotaGuard } from "./quota-guard.ts";
import { backoffMs, isRetriedStatus, retryAfterMs, type Sleep } from "./retry.ts";

type Received = Readonly<Record<string, string | string[] | undefined>>;

export interface CallContext {
  readonly allowLoopback: boolean;
  readonly limits: EgressLimits;
  readonly random: () => number;
  readonly now: () => number;
  readonly pools: ConnectionPools;
  readonly sleep: Sleep;
  readonly quotas: QuotaGuard;
}

/** One send(): its attempts, one after the other, until one gives the answer or the outcome is clear without. */
export class Call implements AttemptOwner, AnswerOwner {
  readonly #context: CallContext;
  readonly #request: EgressRequest;
  readonly #sink: EgressSink;
  readonly #signal: HangUpSignal;
  readonly #startedMs: number;
  #hop: Hop;
  #attempt: Attempt | null = null;
  /** The attempt before, whose unwanted body may still be coming. */
  #leftover: Attempt | null = null;
  #answer: Answer | null = null;
  /** Ends the wait before a retry. */
  #pause: AbortController | null = null;
  #retryAfterMs: number | null = null;
  #status = 0;
  #retries = 0;
  #redirects = 0;
  #requestBytes = 0;
  #settled = false;
  #resolve: (outcome: EgressOutcome) => void = unsettled;
  #reject: (error: unknown) => void = unsettled;

  constructor(context: CallContext, request: EgressRequest, sink: EgressSink, signal: HangUpSignal) {
    this.#context = context;
    this.#request = request;
    this.#sink = sink;
    this.#signal = signal;
    this.#startedMs = context.now();
    this.#hop = request;
  }

  run(): Promise<EgressOutcome> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      if (this.#signal.aborted) return this.handleEvent();
      // The call itself is the listener: nothing to allocate, and nothing to forget when it is taken off.
      this.#signal.addEventListener("abort", this);
      this.#takeTurn();
    });
  }

  /** The signal aborted. */
  handleEvent(): void {
    this.#fail("client_closed", "the caller went away");
  }

  onAnswer(
    attempt: Attempt,
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Received,
  ): Answer | null {
    const { quota, limitHeaders } = this.#request;
    const { quotas, now } = this.#context;
    if (quota !== undefined) quotas.heard(`${quota} ${attempt.hop.url.host}`, status, headers, now(), limitHeaders);
    if (isRedirect(status) && headers["location"] !== undefined && this.#request.redirect !== "manual") {
      this.#redirect(status, headers["location"]);
      return null;
    }
    if (isRetriedStatus(status) && this.#mayRetry()) {
      const pause = retryAfterMs(headers) ?? backoffMs(this.#retries, this.#context.random);
      if (pause <= this.#context.limits.maxRetryAfterMs) {
        this.#retry(pause);
        return null;
      }
    }
    this.#status = status;
    const answer = new Answer(this.#request, this.#sink, this.#context.limits, this, controller);
    this.#answer = answer;
    answer.start(attempt.hop.method, status, headers);
    return answer;
  }

  onBodySent(bytes: number): void {
    this.#requestBytes += bytes;
  }

  onBroken(attempt: Attempt, error: Error): void {
    const { body, url } = attempt.hop;
    const failure = describeFailure(error, url.host, this.#answer?.started ?? false);
    // undici destroys a stream of the wrong length with its own error; any other error is the stream's.
    if (body !== null && !Buffer.isBuffer(body) && body.errored === error && failure?.code !== "invalid_request") {
      return this.#fail("client_closed", "the body of the request broke off");
    }
    if (!failure) return this.onSinkError(error);
    // The first time, a connection that the provider had closed while it was idle is the likeliest reason: no waiting.
    if (failure.transient && this.#answer === null && this.#mayRetry()) {
      return this.#retry(this.#retries === 0 ? 0 : backoffMs(this.#retries, this.#context.random));
    }
    this.#fail(failure.code, failure.detail, failure.code === "target_address_forbidden" ? url.host : undefined);
  }

  onNonsense(attempt: Attempt, detail: string): void {
    this.#fail("upstream_protocol_error", `${attempt.hop.url.host} ${detail}`);
  }

  onDelivered(): void {
    this.#settle({
      ok: true,
      status: this.#status,
      retries: this.#retries,
      redirects: this.#redirects,
      requestBytes: this.#requestBytes,
      responseBytes: this.#answer?.responseBytes ?? 0,
      scrubbed: this.#answer?.scrubbed ?? 0,
    });
  }

  onFailure(code: ErrorCode, detail: string): void {
    this.#fail(code, detail);
  }

  /** An exception of the sink, or one that is no failure of the connection: a bug, for whoever called. */
  onSinkError(error: unknown): void {
    if (!this.#close()) return;
    this.#reject(error);
  }

  /** Waits while the provider does not want to hear of this quota: also anew, when it said so to one that waited, too. */
  #takeTurn(waitedMs = 0): void {
    const { quota, url } = this.#request;
    if (quota === undefined) return this.#dispatch();
    const { quotas, limits, now } = this.#context;
    const waitMs = quotas.waitMs(`${quota} ${url.host}`, now());
    if (waitMs === 0) return this.#dispatch();
    if (waitedMs + waitMs > limits.maxQuotaWaitMs) {
      this.#retryAfterMs = waitMs;
      return this.#fail("provider_rate_limited", `${url.host} has asked to wait`, url.host);
    }
    this.#sleep(waitMs, () => this.#takeTurn(waitedMs + waitMs));
  }

  #dispatch(): void {
    const hop = this.#hop;
    const pool = this.#context.pools.get(hop.url);
    if (pool === "closed") return this.#fail("shutting_down", "the vault is stopping");
    if (pool === "forbidden") {
      return this.#fail("target_address_forbidden", `${hop.url.host} is not a public address`, hop.url.host);
    }
    this.#attempt = new Attempt(hop, this);
    pool.dispatch(
      { path: hop.url.pathname + hop.url.search, method: hop.method, headers: flatHeaders(hop), body: hop.body },
      this.#attempt,
    );
  }

  #redirect(status: number, location: string | string[]): void {
    const next = nextHop(this.#hop, status, location, {
      ...this.#request,
      allowLoopback: this.#context.allowLoopback,
    });
    if (!next.ok) return this.#fail("redirect_refused", next.detail, next.host);
    if (this.#request.redirect === "error") {
      return this.#fail("redirect_refused", `the provider redirects to ${next.hop.url.host}`, next.hop.url.host);
    }
    if (this.#redirects >= this.#context.limits.maxRedirects) {
      return this.#fail(
        "redirect_refused",
        `more than ${this.#redirects} redirects, the next one to ${next.hop.url.host}`,
        next.hop.url.host,
      );
    }
    this.#redirects++;
    this.#hop = next.hop;
    this.#leaveBehind();
    setImmediate(() => this.#again());
  }

  /** Only what can be said twice without harm, and only while nothing was handed out. */
  #mayRetry(): boolean {
    const { method, body } = this.#hop;
    const { limits, now } = this.#context;
    if (body !== null || (method !== "GET" && method !== "HEAD" && method !== "OPTIONS")) return false;
    return this.#retries < limits.maxRetries && now() - this.#startedMs < limits.headersTimeoutMs;
  }

  #retry(pauseMs: number): void {
    this.#retries++;
    this.#leaveBehind();
    const again = (): void => this.#again();
    if (pauseMs === 0) setImmediate(again);
    else this.#sleep(pauseMs, again);
  }

  #sleep(ms: number, then: () => void): void {
    this.#pause = new AbortController();
    // When the wait is cut short, the call is settled already.
    const go = (): void => {
      if (!this.#settled) then();
    };
    this.#context.sleep(ms, this.#pause.signal).then(go, go);
  }

  /** Never called from inside of undici's parser, which is not made for it; and the old connection gets time to be free. */
  #again(): void {
    if (!this.#settled) this.#dispatch();
  }

  #leaveBehind(): void {
    this.#leftover?.cancel();
    this.#leftover = this.#attempt;
    this.#attempt = null;
  }

  #fail(code: ErrorCode, detail: string, host?: string): void {
    this.#settle({
      ok: false,
      code,
      detail,
      ...(host === undefined ? {} : { host }),
      ...(this.#retryAfterMs === null ? {} : { retryAfterMs: this.#retryAfterMs }),
      started: this.#answer?.started ?? false,
      begun: this.#redirects > 0 || (this.#attempt?.hasBegun ?? false),
      retries: this.#retries,
      redirects: this.#redirects,
      scrubbed: this.#answer?.scrubbed ?? 0,
    });
  }

  #settle(outcome: EgressOutcome): void {
    if (this.#close(outcome.ok)) this.#resolve(outcome);
  }

  /** Lets go of everything, once. Answers whether this was the time. */
  #close(isComplete = false): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#signal.removeEventListener("abort", this);
    this.#pause?.abort();
    if (!isComplete) this.#attempt?.cancel();
    this.#leftover?.cancel();
    return true;
  }
}

function flatHeaders({ headers, body, contentLength }: Hop): string[] {
  const flat = ["accept-encoding", "identity"];
  let hasAgent = false;
  for (const [name, value] of headers) {
    if (name === "accept-encoding" || name === "content-length") continue;
    hasAgent ||= name === "user-agent";
    flat.push(name, value);
  }
  // Some providers refuse a request that does not say who it is from.
  if (!hasAgent) flat.push("user-agent", "alter-vault");
  if (body !== null && !Buffer.isBuffer(body) && contentLength !== null)
    flat.push("content-length", String(contentLength));
  return flat;
}

function unsettled(): never {
  throw new Error("a call was settled before it ran");
}
