import type { Readable } from "node:stream";
import type { ProxyMethod } from "@alter-vault/protocol";
import { holdsSecret, type Matcher } from "./scrub.ts";
import { parseTarget } from "./target.ts";

/** One request of a call: the first, or what a redirect made of it. */
export interface Hop {
  readonly method: ProxyMethod;
  readonly url: URL;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer | Readable | null;
  readonly contentLength: number | null;
}

/** What a redirect makes of a call, for whoever decides about it. */
export interface HopTarget {
  readonly method: ProxyMethod;
  readonly url: URL;
  readonly sendsBody: boolean;
}

interface RedirectRules {
  readonly allowLoopback: boolean;
  readonly allows: (url: URL) => boolean;
  readonly permits?: ((hop: HopTarget) => boolean) | undefined;
  readonly credentialHeaders: readonly string[];
  readonly credentialQuery: readonly string[];
  readonly matcher: Matcher | null;
}

export type NextHop =
  | { readonly ok: true; readonly hop: Hop }
  | { readonly ok: false; readonly detail: string; readonly host?: string };

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** What another origin gets to see of the caller's headers: what they want, nothing of who they are. */
const CROSS_ORIGIN: ReadonlySet<string> = new Set(["accept", "accept-language", "content-type", "user-agent", "range"]);
const BODY_HEADERS = /^content-/;

export function isRedirect(status: number): boolean {
  return REDIRECTS.has(status);
}

/**
 * The request a redirect asks for, or why it is not made. The new URL passes the same checks as a first one. Within the
 * origin the credential goes along; to another one, which the allow-list must name, go neither the credential nor the
 * caller's own headers, and a URL that holds the credential in any form is not called.
 */
export function nextHop(hop: Hop, status: number, location: string | string[], rules: RedirectRules): NextHop {
  if (typeof location !== "string") return { ok: false, detail: "the redirect names more than one place" };
  const parsed = parseTarget({ target: absolute(location, hop.url) }, rules);
  if (!parsed.ok)
    return {
      ok: false,
      detail: `the redirect is not safe to follow: ${parsed.detail}`,
      ...(parsed.host === undefined ? {} : { host: parsed.host }),
    };
  const { url } = parsed;
  const isSameOrigin = url.origin === hop.url.origin;
  if (!isSameOrigin && !rules.allows(url)) {
    return { ok: false, detail: `${url.host} is not on the credential's allow-list`, host: url.host };
  }
  const dropsBody = becomesGet(hop.method, status);
  if (!dropsBody && hop.body !== null && !Buffer.isBuffer(hop.body)) {
    return {
      ok: false,
      detail: `the redirect to ${url.host} asks for the body again, and it was a stream`,
      host: url.host,
    };
  }
  let headers = dropsBody ? hop.headers.filter(([name]) => !BODY_HEADERS.test(name)) : hop.headers;
  if (isSameOrigin) keepCredentialQuery(url, hop.url, rules.credentialQuery);
  else {
    headers = headers.filter(([name]) => CROSS_ORIGIN.has(name) && !rules.credentialHeaders.includes(name));
    removeQuery(url, rules.credentialQuery);
    if (holdsSecret(url.href, rules.matcher)) {
      return { ok: false, detail: `the redirect would carry the credential to ${url.host}`, host: url.host };
    }
  }
  const method = dropsBody ? "GET" : hop.method;
  if (rules.permits && !rules.permits({ method, url, sendsBody: !dropsBody && hop.body !== null })) {
    return { ok: false, detail: "a policy denies what the redirect asks for", host: url.host };
  }
  return {
    ok: true,
    hop: {
      method,
      url,
      headers,
      body: dropsBody ? null : hop.body,
      contentLength: dropsBody ? null : hop.contentLength,
    },
  };
}

/** As everybody does it (Fetch, HTTP-redirect fetch, 12): 303 asks for a GET, and 301 and 302 turn POST into one. */
function becomesGet(method: ProxyMethod, status: number): boolean {
  if (status === 303) return method !== "GET" && method !== "HEAD";
  return method === "POST" && (status === 301 || status === 302);
}

/**
 * Makes text of the Location that parseTarget can judge as it was written: nothing is resolved that a resolver would
 * repair, so dot segments, odd hosts and backslashes are still there to be refused. Raw bytes beyond ASCII are escaped,
 * and so are braces, as a Location is no template.
 */
function absolute(location: string, base: URL): string {
  const text = location
    .replace(/#.*$/s, "")
    .replace(/[{}\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`);
  if (/^[a-z][a-z0-9+.-]*:/i.test(text)) return text;
  if (text.startsWith("//")) return `${base.protocol}${text}`;
  if (text.startsWith("/")) return `${base.origin}${text}`;
  if (text === "" || text.startsWith("?")) return `${base.origin}${base.pathname}${text || base.search}`;
  return `${base.origin}${base.pathname.slice(0, base.pathname.lastIndexOf("/") + 1)}${text}`;
}

/** A credential in the query goes along like one in a header: the provider need not repeat it in the Location. */
function keepCredentialQuery(url: URL, from: URL, names: readonly string[]): void {
  for (const name of names) {
    const value = from.searchParams.get(name);
    if (value === null || url.searchParams.get(name) === value) continue;
    removeQuery(url, [name]);
    url.search += `${url.search === "" ? "?" : "&"}${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
  }
}

/** Takes pairs out of the text of the query: to write the others anew would change how they are encoded. */
function removeQuery(url: URL, names: readonly string[]): void {
  if (!names.some((name) => url.searchParams.has(name))) return;
  const pairs = url.search.slice(1).split("&");
  url.search = pairs
    .filter((pair) => ![...new URLSearchParams(pair).keys()].some((name) => names.includes(name)))
    .join("&");
}
