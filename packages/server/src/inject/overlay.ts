import type { Injected, Outbound } from "./inject.ts";
import type { Issue, Prepared } from "./prepared.ts";
import { overlayQuery } from "./query.ts";
import { percentEncode } from "./percent-encoding.ts";

/** What one credential adds to a call, whatever the call is. */
export interface Parts {
  readonly headers?: readonly (readonly [string, string])[];
  readonly query?: readonly (readonly [string, string])[];
  readonly secrets: readonly string[];
}

/** `parts` for every call, unless there is an issue. */
export function prepareParts(issues: Issue[], parts: Parts): Prepared {
  return issues.length > 0 ? { ok: false, issues } : { ok: true, apply: (outbound) => overlay(outbound, parts) };
}

/** Puts `parts` over the call: what the caller has under the same names goes away. */
function overlay(outbound: Outbound, { headers = [], query = [], secrets }: Parts): Injected {
  const added = headers.map(([name, value]): [string, string] => [name.toLowerCase(), value]);
  return {
    ok: true,
    url: query.length > 0 ? withQuery(outbound.url, query) : outbound.url,
    headers: [...withoutHeaders(outbound.headers, new Set(added.map(([name]) => name))), ...added],
    credentialHeaders: added.map(([name]) => name),
    credentialQuery: query.map(([name]) => name),
    // An answer may quote the URL, so the form a secret has there is as secret as the secret.
    secrets: unique(query.length > 0 ? [...secrets, ...secrets.map(percentEncode)] : secrets),
  };
}

function withQuery(from: URL, query: readonly (readonly [string, string])[]): URL {
  const url = new URL(from);
  url.search = overlayQuery(url.search, query);
  return url;
}

/** The headers whose name, in any case, is not among `names` (lower-case). */
export function withoutHeaders(headers: Outbound["headers"], names: ReadonlySet<string>): [string, string][] {
  return headers
    .filter(([name]) => !names.has(name.toLowerCase()))
    .map(([name, value]): [string, string] => [name, value]);
}

/** Without repetitions and without the empty string, which everything contains. */
export function unique(values: readonly string[]): string[] {
  return [...new Set(values)].filter((value) => value !== "");
}
