import { createHash, hash } from "node:crypto";
import { Transform, type TransformCallback } from "node:stream";
import { EMPTY_CONTENT_DIGEST, UNSIGNED_STREAM } from "@alter-vault/protocol";

/**
 * The body is the one that was signed (RFC 9530). A body in memory is checked at once. One that is streamed is hashed on
 * its way, and its last chunk is held back until the digest is known to be right: a body that was tampered with never
 * reaches the provider whole.
 */
export type DigestClaim =
  | { readonly kind: "sha-256"; readonly value: string }
  | { readonly kind: "unsigned-stream" }
  | { readonly kind: "invalid"; readonly detail: string };

const FORM = /^sha-256=:([A-Za-z0-9+/]{43}=):$/;

/** What the (signed) headers say about the body. */
export function digestClaim(headers: Readonly<Record<string, string | undefined>>): DigestClaim {
  const digest = headers["content-digest"];
  const marker = headers["alter-body"];
  if (marker !== undefined) {
    if (marker !== UNSIGNED_STREAM) return { kind: "invalid", detail: `alter-body can only be ${UNSIGNED_STREAM}` };
    if (digest !== undefined)
      return { kind: "invalid", detail: "a body is either signed or an unsigned stream, not both" };
    return { kind: UNSIGNED_STREAM };
  }
  const match = FORM.exec(digest ?? "");
  if (!match) return { kind: "invalid", detail: "content-digest must be one sha-256 digest" };
  return { kind: "sha-256", value: match[1] ?? "" };
}

export function bodyMatches(claim: DigestClaim, body: Buffer): boolean {
  if (claim.kind !== "sha-256") return claim.kind === UNSIGNED_STREAM;
  if (body.length === 0) return `sha-256=:${claim.value}:` === EMPTY_CONTENT_DIGEST;
  return hash("sha256", body, "base64") === claim.value;
}

/** A body that turned out bad while it was streamed: the stream fails with this, and the call with its code. */
export class BodyRejected extends Error {
  override readonly name = "BodyRejected";
  readonly code: "digest_mismatch" | "body_too_large";
  constructor(code: BodyRejected["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** Passes a stream through and fails with {@link BodyRejected} before its last chunk when the digest is wrong. */
export function digestCheckingStream(expectedBase64: string): Transform {
  const sum = createHash("sha256");
  let held: Buffer | null = null;
  return new Transform({
    transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback) {
      sum.update(chunk);
      const previous = held;
      held = chunk;
      done(null, previous ?? undefined);
    },
    flush(done: TransformCallback) {
      if (sum.digest("base64") !== expectedBase64)
        done(new BodyRejected("digest_mismatch", "the body is not the one that was signed"));
      else done(null, held ?? undefined);
    },
  });
}
