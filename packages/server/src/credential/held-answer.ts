import type { EgressSink } from "../egress/egress.ts";
import type { HeaderBag } from "../egress/response-headers.ts";

/**
 * Holds a provider's 401 back for as long as it may still be answered with better tokens; anything else goes through as it
 * comes. A 401 too long to hold goes through as well.
 */
export interface HeldAnswer extends EgressSink {
  readonly isHeld: boolean;
  /** There are no better tokens: the 401 is the answer. */
  release(): void;
}

const MOST_BYTES = 64 * 1024;

export function holdRejection(sink: EgressSink): HeldAnswer {
  let held: { readonly status: number; readonly headers: HeaderBag; readonly resume: () => void } | null = null;
  let chunks: Buffer[] = [];
  let bytes = 0;
  const release = (): void => {
    if (!held) return;
    const { status, headers, resume } = held;
    held = null;
    sink.onHeaders(status, headers, resume);
    for (const chunk of chunks) sink.onData(chunk);
    chunks = [];
  };
  return {
    get isHeld() {
      return held !== null;
    },
    release,
    onHeaders(status, headers, resume) {
      if (status === 401) held = { status, headers, resume };
      else sink.onHeaders(status, headers, resume);
    },
    onData(chunk) {
      if (!held) return sink.onData(chunk);
      // Chunks are the connection's own memory, which is used again.
      chunks.push(Buffer.from(chunk));
      bytes += chunk.length;
      if (bytes > MOST_BYTES) release();
      return true;
    },
  };
}
