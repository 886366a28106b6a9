import type { Check } from "./check.ts";
import type { Incoming } from "./incoming.ts";

/**
 * The parameters of a request, from where the entry wants them: the query of a GET, a form, or a flat JSON object. What
 * the entry has in the query of its URL stays there.
 */
export function readParams(
  check: Check,
  { method, query, form, json, body }: Incoming,
  wanted: "GET" | "POST",
  encoding: "form" | "json",
  url: URL | null,
): URLSearchParams {
  check.that(method === wanted, `is a ${method}, not a ${wanted}`);
  if (wanted === "GET") {
    check.that(body === "", "has a body");
    return query;
  }
  check.params("URL", query, Object.fromEntries(url?.searchParams ?? []));
  if (encoding === "form") {
    if (!form) check.fail("the body is not form-encoded");
    return form ?? new URLSearchParams();
  }
  if (typeof json !== "object" || json === null) {
    check.fail("the body is not JSON");
    return new URLSearchParams();
  }
  return new URLSearchParams(Object.entries(json).map(([name, value]) => [name, String(value)]));
}

/** Standard names become the provider's own, those it does not want are left out. */
export function withNames<T>(
  params: Readonly<Record<string, T>>,
  { rename, omit }: { readonly rename: Readonly<Record<string, string>>; readonly omit: readonly string[] },
): Record<string, T> {
  const kept = Object.entries(params).filter(([name]) => !omit.includes(name));
  return Object.fromEntries(kept.map(([name, value]) => [rename[name] ?? name, value]));
}
