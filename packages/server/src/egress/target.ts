import type { ErrorCode, TargetParams } from "@alter-vault/protocol";
import { isLoopbackAddress } from "./addresses.ts";
import { checkAuthority, looksLikeAddress } from "./authority.ts";
import { unsafePath, unsafePathValue } from "./unsafe-path.ts";

export interface TargetInput {
  readonly target: string;
  readonly params?: TargetParams | undefined;
}

export interface TargetRefused {
  readonly ok: false;
  readonly code: ErrorCode;
  readonly detail: string;
  readonly host?: string;
}

export type ParsedTarget = { readonly ok: true; readonly url: URL } | TargetRefused;

/** Scheme, authority, path, query. Nothing else is a target: no fragment, no `//host`, no `https:host`. */
const PARTS = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]+)([^?#]*)(\?[^#]*)?$/i;
/** Blanks, control characters of both tables, and the backslash that parsers read as a slash. */
const NEVER = /[\0-\x20\x7f-\xa0\\\u2028\u2029\ufeff]/;
const PLACEHOLDER = /\{([A-Za-z0-9_][A-Za-z0-9_.-]{0,63})\}/g;
const QUERY_PLACEHOLDER = /\{[A-Za-z_][A-Za-z0-9_.-]*\}/;

/**
 * Makes the one URL that is checked, decided about, and sent.
 *
 * `{name}` in the path is filled from `params.path` with the value percent-encoded by encodeURIComponent; it may be a
 * whole segment or part of one. Placeholders in scheme, host or query are refused, as are missing and extra parameters.
 * `params.query` is appended in order behind the query of the target.
 *
 * `allowLoopback` is the operator's switch for development: `http:` and `https:` to 127.0.0.0/8, [::1] and `localhost`.
 *
 * Codes: `target_invalid`, `target_insecure`, `target_userinfo`, `target_path_unsafe`, `target_address_forbidden`.
 */
export function parseTarget(input: TargetInput, options: { readonly allowLoopback: boolean }): ParsedTarget {
  const { target } = input;
  if (NEVER.test(target) || !target.isWellFormed())
    return refuse("target_invalid", "the URL holds a blank, a control character or a backslash");
  const parts = PARTS.exec(target);
  if (!parts) return refuse("target_invalid", "not an absolute https URL without fragment");
  const [, scheme = "", authority = "", path = "", query = ""] = parts;
  const protocol = `${scheme.toLowerCase()}:`;
  if (protocol !== "https:" && protocol !== "http:") return refuse("target_insecure", `${protocol} is not https`);
  if (authority.includes("@")) return refuse("target_userinfo", "the URL holds a user name or password");

  const filled = fillPath(path, input.params?.path ?? {});
  if (!filled.ok) return filled;
  const search = buildQuery(query, input.params?.query ?? []);
  if (!search.ok) return search;

  const url = URL.parse(`${protocol}//${authority}${filled.path}${search.text}`);
  if (!url) {
    const code = looksLikeAddress(authority) ? "target_address_forbidden" : "target_invalid";
    return refuse(code, "not a valid host and port");
  }
  if (protocol === "http:" && !(options.allowLoopback && isLoopbackHost(url.hostname))) {
    return refuse("target_insecure", "http is not https", url.host);
  }
  const problem = checkAuthority(authority, url, options);
  return problem ? refuse(problem.code, problem.detail, url.host) : { ok: true, url };
}

function fillPath(path: string, params: Readonly<Record<string, string>>): { ok: true; path: string } | TargetRefused {
  const names = Object.keys(params);
  if (names.length === 0 && !path.includes("{") && !path.includes("}")) return checkPath(path);
  const used = new Set<string>();
  let refused: TargetRefused | null = null;
  const filled = path.replace(PLACEHOLDER, (_placeholder, name: string) => {
    const value = Object.hasOwn(params, name) ? params[name] : undefined;
    used.add(name);
    if (value === undefined) refused ??= refuse("target_invalid", `the path parameter "${name}" is missing`);
    else {
      const unsafe = value.isWellFormed() ? unsafePathValue(value) : "broken text";
      if (unsafe === null) return encodeURIComponent(value);
      refused ??= refuse("target_path_unsafe", `the path parameter "${name}" holds ${unsafe}`);
    }
    return "";
  });
  if (refused) return refused;
  const extra = names.find((name) => !used.has(name));
  if (extra !== undefined) return refuse("target_invalid", `the path has no place for the parameter "${extra}"`);
  if (/[{}]/.test(filled)) return refuse("target_invalid", "the path holds a brace that is not a placeholder");
  return checkPath(filled);
}

function checkPath(path: string): { ok: true; path: string } | TargetRefused {
  const unsafe = unsafePath(path);
  return unsafe === null ? { ok: true, path } : refuse("target_path_unsafe", `the path holds ${unsafe}`);
}

function buildQuery(
  query: string,
  pairs: readonly (readonly [string, string])[],
): { ok: true; text: string } | TargetRefused {
  if (QUERY_PLACEHOLDER.test(query)) {
    return refuse("target_invalid", "placeholders in the query are not filled: pass the value as a query parameter");
  }
  let text = query;
  for (const [name, value] of pairs) {
    if (!name.isWellFormed() || !value.isWellFormed())
      return refuse("target_invalid", "a query parameter is broken text");
    const joint = text === "" ? "?" : text === "?" ? "" : "&";
    text += `${joint}${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
  }
  return { ok: true, text };
}

function isLoopbackHost(hostname: string): boolean {
  return hostname === "localhost" || isLoopbackAddress(hostname);
}

function refuse(code: ErrorCode, detail: string, host?: string): TargetRefused {
  return host === undefined ? { ok: false, code, detail } : { ok: false, code, detail, host };
}
