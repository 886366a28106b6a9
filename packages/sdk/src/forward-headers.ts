import { isReservedHeader, type ForwardHeaders } from "@alter-vault/protocol";
import { AlterValueError } from "./errors.ts";

export type HeadersInput = Headers | Readonly<Record<string, string>> | Iterable<readonly [string, string]>;

/** The caller's headers for the provider as pairs, names in lower case. The vault refuses what may not be set. */
export function forwardHeaders(headers: HeadersInput | undefined): ForwardHeaders {
  if (headers === undefined) return [];
  if (typeof headers !== "object" || headers === null) throw wrongHeaders();
  const entries: Iterable<readonly [unknown, unknown]> = Symbol.iterator in headers ? headers : Object.entries(headers);
  const pairs: ForwardHeaders = [];
  for (const [name, value] of entries) {
    if (value === undefined) continue;
    if (typeof name !== "string" || typeof value !== "string") throw wrongHeaders();
    pairs.push([name.toLowerCase(), value]);
  }
  return pairs;
}

export function hasHeader(headers: ForwardHeaders, wanted: string): boolean {
  return headers.some(([name]) => name === wanted);
}

function wrongHeaders(): AlterValueError {
  return new AlterValueError('Option "extraHeaders" must be an object of strings, a Headers, or a list of pairs.');
}

/**
 * Leaves out what a provider's own SDK sets although it is not its to set here: its placeholder credential, and what
 * belongs to the connection. For such SDKs only. Where a person writes the header, the vault's refusal tells more. A
 * placeholder under the very name of the credential may stay: the vault puts the credential over it.
 */
export function withoutReservedHeaders(headers: ForwardHeaders): ForwardHeaders {
  return headers.filter(([name]) => !isReservedHeader(name) && name !== "accept-encoding");
}
