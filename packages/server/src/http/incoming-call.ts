import type { IncomingMessage } from "node:http";
import { Transform, type TransformCallback } from "node:stream";
import { normalizeAuthority } from "@alter-vault/protocol";
import { BodyRejected } from "../identity/content-digest.ts";
import type { IncomingCall, ReadBody } from "../call.ts";
import type { Soon } from "../soon.ts";
import { callerAddress, type Proxies } from "./caller-address.ts";

/** A request of HTTP as the call it is: what was signed, and a body that is read only when it is asked for. */
export interface BodyLimits {
  /** Up to this size a body is read into memory; beyond, it is a stream. */
  readonly bufferedBytes: number;
  /** Beyond this size it is refused. */
  readonly maxBytes: number;
}

/** What stands between callers and the vault. */
export interface Front {
  readonly publicAuthority: string | null;
  readonly proxies: Proxies;
}

const NO_BODY: ReadBody = { ok: true, buffer: Buffer.alloc(0), stream: null };
const BROKEN_OFF: ReadBody = { ok: false, code: "invalid_request", detail: "the body ended early" };

export function incomingCall(
  request: IncomingMessage,
  { publicAuthority, proxies }: Front,
  limits: BodyLimits,
): IncomingCall {
  const scheme = "encrypted" in request.socket ? "https" : "http";
  const host = normalizeAuthority(request.headers.host ?? "", scheme);
  return {
    signed: {
      method: request.method ?? "GET",
      authorities: publicAuthority === null || publicAuthority === host ? [host] : [host, publicAuthority],
      requestTarget: request.url ?? "/",
      headers: request.headers as Record<string, string | undefined>,
    },
    address: () => callerAddress(request, proxies),
    body: { read: () => readBody(request, limits) },
  };
}

function readBody(request: IncomingMessage, { bufferedBytes, maxBytes }: BodyLimits): Soon<ReadBody> {
  const declared = request.headers["content-length"];
  const chunked = request.headers["transfer-encoding"] !== undefined;
  if (declared === undefined && !chunked) return NO_BODY;
  const length = declared === undefined ? null : Number(declared);
  if (length === 0) return NO_BODY;
  if (length !== null && length > maxBytes) {
    return { ok: false, code: "body_too_large", detail: `${length} bytes; the limit is ${maxBytes}` };
  }
  if (length === null) return { ok: true, buffer: null, stream: request.compose(limiter(maxBytes)), length };
  if (length > bufferedBytes) return { ok: true, buffer: null, stream: request, length };
  return readAll(request);
}

function readAll(request: IncomingMessage): Promise<ReadBody> {
  return new Promise((resolve) => {
    const brokenOff = (): void => resolve(BROKEN_OFF);
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.once("end", () => {
      const [first] = chunks;
      resolve({ ok: true, buffer: first && chunks.length === 1 ? first : Buffer.concat(chunks), stream: null });
    });
    request.once("close", brokenOff);
    request.once("error", brokenOff);
  });
}

function limiter(maxBytes: number): Transform {
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback) {
      seen += chunk.length;
      if (seen > maxBytes) done(new BodyRejected("body_too_large", `the body is over the limit of ${maxBytes} bytes`));
      else done(null, chunk);
    },
  });
}
