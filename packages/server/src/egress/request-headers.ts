import { isReservedHeader, type ForwardHeaders } from "@alter-vault/protocol";

export type CheckedHeaders =
  | { readonly ok: true; readonly headers: [string, string][] }
  | {
      readonly ok: false;
      readonly code: "header_forbidden" | "header_invalid";
      /** The name of the header, lower-cased; cut when it is very long. */
      readonly header: string;
      readonly detail: string;
    };

const MAX_HEADERS = 100;
const MAX_BYTES = 64 * 1024;
const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
/** A field value (RFC 9110, 5.5) in latin1. CR, LF and NUL would end the header, the others confuse somebody. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** With these a provider would do something else than what was decided about. */
const OVERRIDES: ReadonlySet<string> = new Set([
  "x-http-method",
  "x-http-method-override",
  "x-method-override",
  "x-original-url",
  "x-rewrite-url",
]);

/**
 * Checks the headers a caller wants to send along, before the credential is put among them. Names come back in lower
 * case, pairs in their order, repetitions stay.
 *
 * `accept-encoding` is left out without a word: the vault asks the provider for identity, so that it can look for the
 * credential in the answer.
 */
export function checkRequestHeaders(pairs: ForwardHeaders): CheckedHeaders {
  if (pairs.length > MAX_HEADERS) return invalid("", `more than ${MAX_HEADERS} headers`);
  const headers: [string, string][] = [];
  let bytes = 0;
  for (const [givenName, value] of pairs) {
    const name = givenName.toLowerCase();
    if (!TOKEN.test(name)) return invalid(name, "the name is not a token");
    if (isReservedHeader(name) || OVERRIDES.has(name)) {
      return { ok: false, code: "header_forbidden", header: name, detail: `"${name}" may not be set by the caller` };
    }
    if (!VALUE.test(value)) return invalid(name, "the value holds a control character or is not latin1");
    bytes += name.length + value.length + 4;
    if (bytes > MAX_BYTES) return invalid(name, `the headers are over ${MAX_BYTES} bytes together`);
    if (name !== "accept-encoding") headers.push([name, value]);
  }
  return { ok: true, headers };
}

function invalid(name: string, detail: string): CheckedHeaders {
  return { ok: false, code: "header_invalid", header: name.slice(0, 100), detail };
}
