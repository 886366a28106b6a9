import type { ErrorCode, ProxyMethod } from "@alter-vault/protocol";
import type { Dispatcher } from "undici";
import { Decoder, readContentEncoding, type Coding, type DecoderEvents } from "./decode.ts";
import type { EgressRequest, EgressSink } from "./egress.ts";
import type { EgressLimits } from "./limits.ts";
import { filterResponseHeaders } from "./response-headers.ts";
import { Scrubber, type Matcher } from "./scrub.ts";

type Received = Readonly<Record<string, string | string[] | undefined>>;

/** Who wants to know how the answer goes. After any of these, the answer tells nothing more. */
export interface AnswerOwner {
  onDelivered(): void;
  onFailure(code: ErrorCode, detail: string): void;
  /** The sink threw. */
  onSinkError(error: unknown): void;
}

/**
 * The way of one answer from the connection to the sink: headers filtered, body decoded where it is encoded, searched
 * for the credential, counted against the limit. A body that is neither encoded nor holds a find is passed on in the
 * very chunks it came in.
 */
export class Answer implements DecoderEvents {
  responseBytes = 0;
  started = false;
  readonly #request: EgressRequest;
  readonly #sink: EgressSink;
  readonly #limits: EgressLimits;
  readonly #owner: AnswerOwner;
  readonly #controller: Dispatcher.DispatchController;
  readonly #matcher: Matcher | null;
  readonly #scrubber: Scrubber;
  #scrubbedHeaders = 0;
  #decoder: Decoder | null = null;
  #done = false;

  constructor(
    request: EgressRequest,
    sink: EgressSink,
    limits: EgressLimits,
    owner: AnswerOwner,
    controller: Dispatcher.DispatchController,
  ) {
    this.#request = request;
    this.#sink = sink;
    this.#limits = limits;
    this.#owner = owner;
    this.#controller = controller;
    this.#matcher = request.matcher;
    this.#scrubber = new Scrubber(this.#matcher);
  }

  get scrubbed(): number {
    return this.#scrubbedHeaders + this.#scrubber.count;
  }

  start(method: ProxyMethod, status: number, received: Received): void {
    const coding = status === 204 || status === 304 ? null : readContentEncoding(received["content-encoding"]);
    const hasBody = method !== "HEAD" && status !== 204 && status !== 304;
    if (hasBody && coding === "unsupported") {
      this.#fail("upstream_encoding_unsupported", "the answer has a content-encoding the vault cannot read");
      return;
    }
    const decoded = coding !== null && coding !== "unsupported";
    if (hasBody && !decoded && this.#isTooLarge(Number(received["content-length"]))) return;
    if (hasBody && decoded) this.#decoder = new Decoder(coding as Coding, this.#limits, this);

    const { keepSetCookie = false } = this.#request;
    const { headers, scrubbed } = filterResponseHeaders(received, { matcher: this.#matcher, keepSetCookie, decoded });
    this.#scrubbedHeaders = scrubbed;
    // RFC 9110, 8.6: a 204 has no length. Node would send it on.
    if (status === 204) delete headers["content-length"];
    this.started = true;
    try {
      this.#sink.onHeaders(status, headers, () => this.#resume());
    } catch (error) {
      this.#crash(error);
    }
  }

  /** A piece of the body, as it came from the connection. */
  write(chunk: Buffer): void {
    if (this.#done) return;
    const goesOn = this.#decoder ? this.#decoder.write(chunk) : this.onData(chunk);
    if (!goesOn) this.#controller.pause();
  }

  /** The body is complete. */
  end(): void {
    if (this.#decoder) this.#decoder.end();
    else this.onEnd();
  }

  destroy(): void {
    this.#done = true;
    this.#decoder?.destroy();
  }

  onData(chunk: Buffer): boolean {
    return this.#give(this.#scrubber.push(chunk));
  }

  onDrain(): void {
    this.#controller.resume();
  }

  onEnd(): void {
    if (this.#done) return;
    this.#give(this.#scrubber.end());
    if (this.#done) return;
    this.#done = true;
    this.#owner.onDelivered();
  }

  onFailure(code: ErrorCode, detail: string): void {
    this.#fail(code, detail);
  }

  #give(chunk: Buffer): boolean {
    if (chunk.length === 0 || this.#done || this.#isTooLarge(this.responseBytes + chunk.length)) return true;
    this.responseBytes += chunk.length;
    try {
      return this.#sink.onData(chunk);
    } catch (error) {
      this.#crash(error);
      return true;
    }
  }

  /** A late call must not wake the next answer on the same connection. */
  #resume(): void {
    if (this.#done) return;
    if (this.#decoder) this.#decoder.resume();
    else this.#controller.resume();
  }

  #isTooLarge(bytes: number): boolean {
    const { maxResponseBytes } = this.#limits;
    if (maxResponseBytes === null || !(bytes > maxResponseBytes)) return false;
    this.#fail("response_too_large", `the answer is over ${maxResponseBytes} bytes`);
    return true;
  }

  #fail(code: ErrorCode, detail: string): void {
    if (this.#done) return;
    this.destroy();
    this.#owner.onFailure(code, detail);
  }

  #crash(error: unknown): void {
    if (this.#done) return;
    this.destroy();
    this.#owner.onSinkError(error);
  }
}
