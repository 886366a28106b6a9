import { decodeJwt, decodeProtectedHeader, type ProtectedHeaderParameters } from "jose";
import { hasDuplicateNames } from "./duplicate-names.ts";

/** What can be told of a token without a key: that it is one plain JWT, which says in one way who it is from. */
export type TokenForm =
  | { readonly ok: true; readonly issuer: string }
  | { readonly ok: false; readonly detail: string };

const MAX_BYTES = 16 * 1024;
const MAX_KID = 200;
/** Where its key is to be found, what else must be understood, and what is no signature. */
const FORBIDDEN_HEADERS = ["jku", "x5u", "jwk", "x5c", "crit", "zip", "enc", "b64"] as const;
/** Id tokens and access tokens. The same issuers sign other things, which say nothing about who is asking. */
const TYPES: ReadonlySet<unknown> = new Set(["jwt", "at+jwt"]);
const PART = /^[A-Za-z0-9_-]+$/;

export function checkTokenForm(token: string): TokenForm {
  if (Buffer.byteLength(token) > MAX_BYTES) return no("the token is over 16 KB");
  const parts = token.split(".");
  if (parts.length !== 3 || !parts.slice(0, 2).every((part) => PART.test(part))) return NO_JWT;
  try {
    const wrong = wrongHeader(decodeProtectedHeader(token));
    if (wrong !== null) return no(wrong);
    for (const part of parts.slice(0, 2)) {
      if (hasDuplicateNames(Buffer.from(part, "base64url").toString("utf8")))
        return no("the token says something twice");
    }
    const { iss, events } = decodeJwt(token);
    if (typeof iss !== "string") return no("the token does not name its issuer");
    if (events !== undefined) return no("the token tells of events, not of a user");
    return { ok: true, issuer: iss };
  } catch {
    // Not base64url, not JSON, not an object: whatever it is, it is no JWT.
    return NO_JWT;
  }
}

function wrongHeader(header: ProtectedHeaderParameters & { readonly [name: string]: unknown }): string | null {
  const forbidden = FORBIDDEN_HEADERS.find((name) => Object.hasOwn(header, name));
  if (forbidden !== undefined) return `the token's header holds ${forbidden}`;
  if (header["cty"] !== undefined) return "the token holds another token";
  const { kid, typ } = header;
  if (kid !== undefined && (typeof kid !== "string" || kid.length > MAX_KID)) return "the token's key id is no key id";
  if (typ === undefined) return null;
  const type = typeof typ === "string" ? typ.toLowerCase().replace(/^application\//, "") : typ;
  return TYPES.has(type) ? null : "the token is of another type than those of users";
}

function no(detail: string): TokenForm {
  return { ok: false, detail };
}

const NO_JWT: TokenForm = { ok: false, detail: "the token is not a signed JWT" };
