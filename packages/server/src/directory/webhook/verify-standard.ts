import { createHmac, timingSafeEqual } from "node:crypto";
import type { Failure } from "../../call.ts";
import { NOTICE_TOLERANCE_MS, unauthorized, type SignedNotice } from "./notice.ts";

const ID = /^[\x21-\x2d\x2f-\x7e]{1,200}$/;

/**
 * Standard Webhooks, and Svix, which it comes from: HMAC-SHA256 of id, time and body, in headers that begin with `prefix`.
 * Several signatures may come, while a secret is being replaced. Code: `directory_unauthorized`.
 */
export function verifyStandard(
  secret: string,
  { headers, body }: SignedNotice,
  prefix: "svix" | "webhook",
  nowMs: number,
): { readonly ok: true; readonly id: string; readonly at: number } | Failure {
  const id = headers[`${prefix}-id`] ?? "";
  const timestamp = headers[`${prefix}-timestamp`] ?? "";
  const signatures = headers[`${prefix}-signature`] ?? "";
  // No dot in an id: what is signed can then be read in one way.
  if (!ID.test(id) || !/^\d{1,12}$/.test(timestamp)) return unauthorized("the notice is not signed");
  const wanted = createHmac("sha256", keyOf(secret)).update(`${id}.${timestamp}.`).update(body).digest();
  if (!signatures.split(" ").some((signature) => isSignature(signature, wanted))) {
    return unauthorized("the signature does not match");
  }
  const at = Number(timestamp) * 1000;
  return Math.abs(nowMs - at) <= NOTICE_TOLERANCE_MS
    ? { ok: true, id, at }
    : unauthorized("the notice is more than five minutes off");
}

/** `whsec_` and base64, as Svix shows it; any other secret is its own key. */
function keyOf(secret: string): Buffer {
  return secret.startsWith("whsec_") ? Buffer.from(secret.slice(6), "base64") : Buffer.from(secret, "utf8");
}

function isSignature(text: string, wanted: Buffer): boolean {
  const [version, value] = text.split(",");
  if (version !== "v1" || value === undefined) return false;
  const given = Buffer.from(value, "base64");
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
