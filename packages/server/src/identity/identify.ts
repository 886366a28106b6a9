import {
  coveredComponents,
  MAX_CLOCK_SKEW_SECONDS,
  parseSignature,
  signatureBase,
  type ErrorCode,
  type ParsedSignature,
  type ProblemDetails,
} from "@alter-vault/protocol";
import { hmacMatches, type HmacKey } from "../crypto/hmac.ts";
import { isLater, type Soon } from "../soon.ts";
import type { ApiKeyRecord, ApiKeyStore } from "../store/store.ts";
import type { Nonce } from "../store/log-records.ts";
import type { OpenSigningKey } from "./api-keys.ts";
import { componentsIfExactly } from "./covered-components.ts";

/**
 * Step 1: who asks? Verifies the signature of a call against the one profile there is and finds the key that made it.
 * What it trusts: the signature, once it matches. What it refuses: anything unsigned, signed with something else, signed
 * only in part, or signed at another time. That a signature is used once is not decided here but by the write of the
 * decision, which takes the nonce with it.
 */
export interface SignedCall {
  readonly method: string;
  /** Every authority the call may have been signed for: what the Host header says, and the public one if configured. */
  readonly authorities: readonly string[];
  readonly requestTarget: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

export type Identified =
  | { readonly ok: true; readonly key: ApiKeyRecord; readonly nonce: Nonce }
  | {
      readonly ok: false;
      readonly code: ErrorCode;
      readonly detail: string;
      readonly details?: ProblemDetails;
      /** Known key, so that the refusal is written into its app's log. */
      readonly key: ApiKeyRecord | null;
    };

interface IdentifyDeps {
  readonly store: ApiKeyStore;
  readonly openSigningKey: OpenSigningKey;
  /** Signatures up to this second are too old: another vault, of which this is the continuation, may have seen them. */
  readonly signedAfter: number;
}

export function identify(deps: IdentifyDeps, call: SignedCall, nowMs: number): Soon<Identified> {
  const inputHeader = call.headers["signature-input"];
  const signatureHeader = call.headers["signature"];
  if (!inputHeader || !signatureHeader)
    return refuse("signature_missing", "signature-input and signature are required");
  const parsed = parseSignature(inputHeader, signatureHeader);
  if (!parsed) return refuse("signature_invalid", "the signature headers are not of the profile alter-vault-v1");

  const found = deps.store.findApiKey(parsed.keyId);
  if (isLater(found)) return found.then((key) => verify(deps, call, parsed, key, nowMs));
  return verify(deps, call, parsed, found, nowMs);
}

function verify(
  { openSigningKey, signedAfter }: IdentifyDeps,
  call: SignedCall,
  parsed: ParsedSignature,
  key: ApiKeyRecord | null,
  nowMs: number,
): Identified {
  if (!key) return refuse("invalid_key", "no such key");
  const signingKey = openSigningKey(key);
  if (!signingKey) return refuse("credential_unreadable", "the signing key of this API key cannot be opened", key);

  const components = componentsIfExactly(parsed.componentList, call.headers);
  if (!components) {
    const needed = coveredComponents(call.headers).join(" ");
    return refuse("signature_invalid", `the signature must cover exactly: ${needed}`, key);
  }
  if (!call.authorities.some((authority) => matches(call, authority, components, parsed, signingKey))) {
    return refuse("signature_invalid", "the signature does not match the request", key);
  }
  // The clock and the state of the key are only told to somebody who holds the key.
  const nowSeconds = Math.floor(nowMs / 1000);
  if (Math.abs(nowSeconds - parsed.created) > MAX_CLOCK_SKEW_SECONDS) {
    const detail = `created is ${parsed.created - nowSeconds} seconds off; up to ${MAX_CLOCK_SKEW_SECONDS} are accepted`;
    return { ...refuse("clock_skew", detail, key), details: { server_time: nowSeconds } };
  }
  if (parsed.created <= signedAfter) {
    const detail =
      "this vault was moved here just now and takes nothing that was signed before; sign for `server_time`";
    return { ...refuse("clock_skew", detail, key), details: { server_time: signedAfter + 1 } };
  }
  if (key.revokedAt !== null) return refuse("invalid_key", "the key was revoked", key);
  if (key.expiresAt !== null && key.expiresAt <= nowMs) return refuse("invalid_key", "the key has expired", key);
  return { ok: true, key, nonce: { created: parsed.created, keyId: key.id, nonce: parsed.nonce } };
}

function matches(
  call: SignedCall,
  authority: string,
  components: readonly string[],
  parsed: ParsedSignature,
  key: HmacKey,
): boolean {
  const { method, requestTarget, headers } = call;
  const base = signatureBase({ method, authority, requestTarget, headers }, components, parsed.input);
  return hmacMatches(key, base, parsed.signature);
}

function refuse(code: ErrorCode, detail: string, key: ApiKeyRecord | null = null): Identified & { ok: false } {
  return { ok: false, code, detail, key };
}
