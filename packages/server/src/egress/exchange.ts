import type { ErrorCode, ProxyMethod } from "@alter-vault/protocol";
import type { Egress, EgressSink } from "./egress.ts";
import type { HeaderBag } from "./response-headers.ts";

/** One question to a provider on the vault's own behalf: the token endpoint, revocation, introspection, discovery. */
export interface ExchangeRequest {
  readonly method: ProxyMethod;
  /** Checked before, with parseTarget. */
  readonly url: URL;
  /** By name in lower case. A client's Basic credential goes in here. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** Of the answer's body. Default: 1 MiB. */
  readonly maxBytes?: number;
  /** `AbortSignal.timeout()`, or one that includes it. */
  readonly signal: AbortSignal;
}

export type ExchangeOutcome =
  | {
      readonly ok: true;
      readonly status: number;
      readonly headers: Readonly<HeaderBag>;
      readonly contentType: string | undefined;
      readonly body: string;
    }
  | { readonly ok: false; readonly code: ErrorCode; readonly detail: string };

const MAX_BYTES = 1024 * 1024;

/**
 * Sends one request and waits for the whole answer. The answer goes to the vault, not to a caller: it may hold tokens,
 * and nothing is taken out of it. A redirect is refused, wherever it leads: no token endpoint has one, and the client's
 * secret must not follow. A GET is repeated as egress does it; a POST goes out at most once.
 *
 * Codes: those of {@link Egress.send}; `upstream_timeout` also when the signal's time is over, `response_too_large` also
 * when the answer is over `maxBytes`.
 */
export async function exchange(egress: Pick<Egress, "send">, request: ExchangeRequest): Promise<ExchangeOutcome> {
  const { method, url, headers, body, signal, maxBytes = MAX_BYTES } = request;
  const sink = new BufferSink(maxBytes);
  const outcome = await egress.send(
    {
      method,
      url,
      headers: Object.entries(headers),
      credentialHeaders: [],
      credentialQuery: [],
      body: body === null ? null : Buffer.from(body),
      contentLength: null,
      allows: () => false,
      matcher: null,
      redirect: "error",
    },
    sink,
    AbortSignal.any([signal, sink.tooLarge]),
  );
  if (sink.tooLarge.aborted) {
    return { ok: false, code: "response_too_large", detail: `the answer of ${url.host} is over ${maxBytes} bytes` };
  }
  if (outcome.ok) return { ok: true, ...sink.answer() };
  if (outcome.code === "client_closed" && isTimeout(signal.reason)) {
    return { ok: false, code: "upstream_timeout", detail: `${url.host} did not answer in time` };
  }
  return { ok: false, code: outcome.code, detail: outcome.detail };
}

class BufferSink implements EgressSink {
  readonly #limit: number;
  readonly #overflow = new AbortController();
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #status = 0;
  #headers: HeaderBag = {};

  constructor(limit: number) {
    this.#limit = limit;
  }

  get tooLarge(): AbortSignal {
    return this.#overflow.signal;
  }

  onHeaders(status: number, headers: HeaderBag): void {
    this.#status = status;
    this.#headers = headers;
  }

  onData(chunk: Buffer): boolean {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#limit) this.#overflow.abort();
    else this.#chunks.push(chunk);
    return true;
  }

  answer(): { status: number; headers: HeaderBag; contentType: string | undefined; body: string } {
    const type = this.#headers["content-type"];
    return {
      status: this.#status,
      headers: this.#headers,
      contentType: typeof type === "string" ? type : type?.[0],
      body: Buffer.concat(this.#chunks).toString(),
    };
  }
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === "TimeoutError";
}
