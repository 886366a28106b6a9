import { fromBase64url } from "../base64.ts";
import { ConnectFlowError } from "../errors.ts";
import { parseJson } from "../vault-answer.ts";
import { isObject } from "./ask-issuer.ts";

export type Claims = Readonly<Record<string, unknown>> & { readonly sub: string };

interface Expectation {
  readonly issuer: string;
  readonly clientId: string;
  /** Of the first token. Refreshed ones need none. */
  readonly nonce?: string;
  /** Of the user who signed in, for refreshed tokens. */
  readonly subject?: string;
  readonly nowMs: number;
}

const SKEW_MS = 60_000;

/**
 * The claims of an ID token that came from the token endpoint itself, checked as OpenID Connect Core 3.1.3.7 and 12.2 say;
 * its signature is what the vault checks. Throws ConnectFlowError for a token that is not for this program and attempt.
 */
export function readIdToken(token: string, expected: Expectation): { claims: Claims; expiresAtMs: number } {
  const claims = payloadOf(token);
  const { iss, aud, azp, exp, nonce, sub } = claims;
  const audiences = Array.isArray(aud) ? aud : [aud];
  if (iss !== expected.issuer) throw wrong("is of another issuer");
  if (!audiences.includes(expected.clientId)) throw wrong("is for another client");
  if (audiences.length > 1 && azp !== expected.clientId) throw wrong("was given to another client");
  if (azp !== undefined && azp !== expected.clientId) throw wrong("was given to another client");
  if (expected.nonce !== undefined && nonce !== expected.nonce) throw wrong("is of another attempt");
  if (typeof sub !== "string" || sub === "") throw wrong("does not say who the user is");
  if (expected.subject !== undefined && sub !== expected.subject) throw wrong("is about another user");
  if (typeof exp !== "number" || exp * 1000 <= expected.nowMs - SKEW_MS) throw wrong("has expired");
  return { claims: { ...claims, sub }, expiresAtMs: exp * 1000 };
}

function payloadOf(token: string): Readonly<Record<string, unknown>> {
  const [, payload = ""] = token.split(".");
  const bytes = fromBase64url(payload);
  const claims = bytes && parseJson(new TextDecoder().decode(bytes));
  if (isObject(claims)) return claims;
  throw wrong("cannot be read");
}

function wrong(what: string): ConnectFlowError {
  return new ConnectFlowError(`Signing in did not work: the ID token ${what}.`);
}
