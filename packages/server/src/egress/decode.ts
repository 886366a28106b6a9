import type { Transform } from "node:stream";
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
} from "node:zlib";
import type { ErrorCode } from "@alter-vault/protocol";

export type Coding = "gzip" | "deflate" | "br" | "zstd";

export interface DecodeLimits {
  /** How many bytes one encoded byte may become, once more than 1 MiB came out. */
  readonly decodedRatio: number;
}

/** What a decoder tells. After onEnd or onFailure it tells nothing more. */
export interface DecoderEvents {
  /** Answers false to ask for a pause, which ends with resume(). */
  onData(chunk: Buffer): boolean;
  /** More may be written, after write() answered false. */
  onDrain(): void;
  onEnd(): void;
  onFailure(code: ErrorCode, detail: string): void;
}

const FREE_BYTES = 1024 * 1024;
const CODINGS: ReadonlyMap<string, Coding> = new Map([
  ["gzip", "gzip"],
  ["x-gzip", "gzip"],
  ["deflate", "deflate"],
  ["br", "br"],
  ["zstd", "zstd"],
]);

/**
 * Reads a content-encoding: null when there is nothing to decode, "unsupported" for codings the vault does not know and
 * for more than one of them, which no honest provider sends to somebody who asked for none.
 */
export function readContentEncoding(header: string | string[] | undefined): Coding | "unsupported" | null {
  if (header === undefined) return null;
  const names = String(header)
    .toLowerCase()
    .split(",")
    .map((name) => name.trim());
  const codings = names.filter((name) => name !== "" && name !== "identity");
  const [coding] = codings;
  if (coding === undefined) return null;
  return (codings.length === 1 && CODINGS.get(coding)) || "unsupported";
}

/**
 * Decodes a body as it streams by, so that the credential can be found in it. Compressed text may blow up without end;
 * the decoder gives up with `response_too_large` when the ratio is beyond what data is like.
 */
export class Decoder {
  readonly #coding: Coding;
  readonly #limits: DecodeLimits;
  readonly #events: DecoderEvents;
  #stream: Transform | null = null;
  #encoded = 0;
  #decoded = 0;
  #done = false;

  constructor(coding: Coding, limits: DecodeLimits, events: DecoderEvents) {
    this.#coding = coding;
    this.#limits = limits;
    this.#events = events;
  }

  write(chunk: Buffer): boolean {
    if (this.#done) return true;
    this.#encoded += chunk.length;
    this.#stream ??= this.#open(chunk);
    return this.#stream.write(chunk);
  }

  /** The encoded body is complete. An empty one is fine in every coding. */
  end(): void {
    if (this.#stream) this.#stream.end();
    else if (!this.#done) {
      this.#done = true;
      this.#events.onEnd();
    }
  }

  resume(): void {
    this.#stream?.resume();
  }

  destroy(): void {
    this.#done = true;
    this.#stream?.destroy();
  }

  #open(firstChunk: Buffer): Transform {
    const stream = createStream(this.#coding, firstChunk);
    stream.on("data", (chunk: Buffer) => this.#onData(stream, chunk));
    stream.on("drain", () => {
      if (!this.#done) this.#events.onDrain();
    });
    stream.on("end", () => {
      if (this.#done) return;
      this.#done = true;
      this.#events.onEnd();
    });
    stream.on("error", () => this.#fail("upstream_protocol_error", `the ${this.#coding} body is damaged`));
    return stream;
  }

  #onData(stream: Transform, chunk: Buffer): void {
    if (this.#done) return;
    this.#decoded += chunk.length;
    if (this.#decoded > FREE_BYTES && this.#decoded > this.#encoded * this.#limits.decodedRatio) {
      this.#fail("response_too_large", `the ${this.#coding} body grows more than ${this.#limits.decodedRatio} times`);
    } else if (!this.#events.onData(chunk)) stream.pause();
  }

  #fail(code: ErrorCode, detail: string): void {
    if (this.#done) return;
    this.destroy();
    this.#events.onFailure(code, detail);
  }
}

function createStream(coding: Coding, firstChunk: Buffer): Transform {
  switch (coding) {
    case "gzip":
      return createGunzip({ flush: constants.Z_SYNC_FLUSH });
    case "deflate":
      // "deflate" is zlib's format (RFC 9110, 8.4.1.2), but some servers send the bare one.
      return ((firstChunk[0] ?? 0) & 0x0f) === 8
        ? createInflate({ flush: constants.Z_SYNC_FLUSH })
        : createInflateRaw({ flush: constants.Z_SYNC_FLUSH });
    case "br":
      return createBrotliDecompress({ flush: constants.BROTLI_OPERATION_FLUSH });
    case "zstd":
      return createZstdDecompress({ flush: constants.ZSTD_e_flush });
  }
}
