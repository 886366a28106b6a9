import type { EgressSink } from "../egress/egress.ts";
import type { HeaderBag } from "../egress/response-headers.ts";

/** An answer that is held back until it is recorded. What is too long for that, or is to be read as it comes, goes on. */
export interface KeptAnswer extends EgressSink {
  readonly status: number;
  readonly headers: HeaderBag;
  /** All of it is here. */
  readonly isWhole: boolean;
  body(): Buffer;
  /** What was held back goes on now. */
  release(): void;
}

const MOST_BYTES = 1024 * 1024;

export function keepAnswer(sink: EgressSink): KeptAnswer {
  let started: { readonly status: number; readonly headers: HeaderBag; readonly resume: () => void } | null = null;
  let isHeld = true;
  let chunks: Buffer[] = [];
  let bytes = 0;

  function release(): boolean {
    if (!isHeld) return true;
    isHeld = false;
    if (!started) return true;
    // The sink may change the headers, which are recorded.
    sink.onHeaders(started.status, { ...started.headers }, started.resume);
    let goesOn = true;
    for (const chunk of chunks) goesOn = sink.onData(chunk);
    chunks = [];
    return goesOn;
  }

  return {
    get status() {
      return started?.status ?? 0;
    },
    get headers() {
      return started?.headers ?? {};
    },
    get isWhole() {
      return isHeld && started !== null;
    },
    body: () => Buffer.concat(chunks),
    release: () => void release(),
    onHeaders(status, headers, resume) {
      started = { status, headers, resume };
      if (isStreamed(headers) || Number(headers["content-length"]) > MOST_BYTES) release();
    },
    onData(chunk) {
      if (!isHeld) return sink.onData(chunk);
      // Chunks are the connection's own memory, which is used again.
      chunks.push(Buffer.from(chunk));
      bytes += chunk.length;
      return bytes > MOST_BYTES ? release() : true;
    },
  };
}

function isStreamed(headers: HeaderBag): boolean {
  return /^text\/event-stream\b/i.test(String(headers["content-type"] ?? ""));
}
