import { isIP } from "node:net";
import { bareAddress, isLoopbackAddress } from "./addresses.ts";
import { parseTarget } from "./target.ts";

/** One host that may see a credential. `text` is the normalised spelling, which is what should be stored and shown. */
export interface AllowedHost {
  readonly text: string;
  /** `subdomains`: every name below `hostname`, not itself. `loopback`: http and https. Others: https only. */
  readonly kind: "host" | "subdomains" | "loopback";
  readonly hostname: string;
  readonly port: string;
}

export type ParsedAllowedHost =
  | { readonly ok: true; readonly host: AllowedHost }
  | { readonly ok: false; readonly detail: string };

const FORM = /^(?:(https?):\/\/)?(\*\.)?([^/]+?)\/?$/i;

/**
 * Reads an entry of an allow-list: `api.example.com` (port 443), `api.example.com:8443`, `*.example.com` (one or more
 * labels in front), each also with `https://` before it, and with `allowLoopback` `127.0.0.1:4000`, `[::1]:4000` or
 * `localhost:4000`, which stand for http and https alike. Names are lower-cased and turned into punycode.
 *
 * Refused: `*`, a star before a single label (`*.com`) or inside of a name, addresses that are not public, user
 * information, paths, queries, and ports out of range.
 */
export function parseAllowedHost(text: string, options: { readonly allowLoopback: boolean }): ParsedAllowedHost {
  const match = FORM.exec(text);
  if (!match) return { ok: false, detail: "not a host: write it like api.example.com, without a path" };
  const [, scheme = "", star = "", authority = ""] = match;
  if (/[?#{}]/.test(authority)) return { ok: false, detail: "an allowed host is a host and a port, nothing more" };
  const parsed = parseTarget({ target: `https://${authority}/` }, options);
  if (!parsed.ok) return { ok: false, detail: parsed.detail };
  const { hostname } = parsed.url;
  const isLoopback = hostname === "localhost" || isLoopbackAddress(hostname);
  if (isLoopback)
    return star ? { ok: false, detail: "a loopback host has no subdomains" } : loopbackHost(authority, hostname);
  if (scheme.toLowerCase() === "http")
    return { ok: false, detail: "only https, http is for loopback hosts in development" };
  const port = parsed.url.port || "443";
  const suffix = port === "443" ? "" : `:${port}`;
  if (!star) return { ok: true, host: { text: `${hostname}${suffix}`, kind: "host", hostname, port } };
  if (isIP(bareAddress(hostname)) !== 0) return { ok: false, detail: "an address has no subdomains" };
  if (!hostname.includes("."))
    return { ok: false, detail: `*.${hostname} is too wide: name at least two labels behind the star` };
  return { ok: true, host: { text: `*.${hostname}${suffix}`, kind: "subdomains", hostname, port } };
}

/** The port is always written out: without it nobody could say whether 80 or 443 is meant. */
function loopbackHost(authority: string, hostname: string): ParsedAllowedHost {
  const port = /:(\d+)$/.exec(authority)?.[1];
  if (port === undefined) return { ok: false, detail: "a loopback host needs its port, as in 127.0.0.1:4000" };
  return { ok: true, host: { text: `${hostname}:${port}`, kind: "loopback", hostname, port } };
}

/**
 * Makes the check of an allow-list. It takes texts as {@link parseAllowedHost} accepted them; what cannot be read
 * matches nothing. Loopback entries match whatever `allowLoopback` says: parseTarget and the lookup see to that.
 */
export function compileAllowedHosts(list: readonly string[]): (url: URL) => boolean {
  const secure = new Set<string>();
  const loopback = new Set<string>();
  const suffixes: { readonly suffix: string; readonly port: string }[] = [];
  for (const text of list) {
    const parsed = parseAllowedHost(text, { allowLoopback: true });
    if (!parsed.ok) continue;
    const { kind, hostname, port } = parsed.host;
    if (kind === "subdomains") suffixes.push({ suffix: `.${hostname}`, port });
    else (kind === "loopback" ? loopback : secure).add(`${hostname}:${port}`);
  }
  return (url) => {
    const isSecure = url.protocol === "https:";
    if (!isSecure && url.protocol !== "http:") return false;
    const port = url.port || (isSecure ? "443" : "80");
    const key = `${url.hostname}:${port}`;
    if (loopback.has(key)) return true;
    if (!isSecure) return false;
    return secure.has(key) || suffixes.some((entry) => entry.port === port && isBelow(url.hostname, entry.suffix));
  };
}

function isBelow(hostname: string, suffix: string): boolean {
  return hostname.length > suffix.length && hostname.endsWith(suffix);
}

const compiled = new WeakMap<readonly string[], (url: URL) => boolean>();

/** {@link compileAllowedHosts}, done once for each list. The list must not be changed afterwards. */
export function allowedHostsOf(list: readonly string[]): (url: URL) => boolean {
  const known = compiled.get(list) ?? compileAllowedHosts(list);
  compiled.set(list, known);
  return known;
}
