import { scrubValue, type Matcher } from "./scrub.ts";

export type HeaderBag = Record<string, string | string[]>;

export interface ResponseHeaderOptions {
  /** Of the secrets to mask. */
  readonly matcher: Matcher | null;
  /** Default false: cookies are the provider's session with the vault, not with the caller. */
  readonly keepSetCookie: boolean;
  /** The body goes back decoded: its length and encoding are not what the provider said. */
  readonly decoded: boolean;
}

export interface FilteredHeaders {
  readonly headers: HeaderBag;
  readonly scrubbed: number;
}

/** About the connection, not about the answer (RFC 9110, 7.6.1). */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * What of a provider's headers goes back to the caller. Names come in lower case and values in latin1, as undici reads
 * them. Left out: headers of the connection and those it names, `alter-*`, cookies unless asked for, length and
 * encoding of a body that was decoded, and what is not valid in a header. Secrets in values are masked; a header that
 * has one in its name is left out.
 */
export function filterResponseHeaders(
  received: Readonly<Record<string, string | string[] | undefined>>,
  options: ResponseHeaderOptions,
): FilteredHeaders {
  const { matcher } = options;
  const connection = received["connection"];
  const named =
    connection === undefined || connection === "keep-alive" || connection === "close" ? null : namedIn(connection);
  const headers: HeaderBag = {};
  let scrubbed = 0;
  for (const name in received) {
    const value = received[name];
    if (value === undefined || HOP_BY_HOP.has(name) || isKeptBack(name, options) || named?.has(name)) continue;
    if (matcher?.isIn(name)) {
      scrubbed++;
      continue;
    }
    if (typeof value === "string") {
      if (!VALUE.test(value)) continue;
      headers[name] = matcher === null ? value : clean(value, matcher);
      continue;
    }
    const kept = value.filter((item) => VALUE.test(item));
    if (kept.length > 0) headers[name] = matcher === null ? kept : kept.map((item) => clean(item, matcher));
  }
  return { headers, scrubbed };

  function clean(item: string, within: Matcher): string {
    if (!within.isIn(item)) return item;
    const { text, count } = scrubValue(item, within);
    scrubbed += count;
    return text;
  }
}

function isKeptBack(name: string, options: ResponseHeaderOptions): boolean {
  switch (name) {
    case "content-length":
    case "content-encoding":
      return options.decoded;
    case "set-cookie":
    case "set-cookie2":
      return !options.keepSetCookie;
    case "__proto__":
      return true;
    default:
      return name.startsWith("alter-");
  }
}

function namedIn(connection: string | string[]): Set<string> {
  return new Set(
    String(connection)
      .toLowerCase()
      .split(",")
      .map((name) => name.trim()),
  );
}
