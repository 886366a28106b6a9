/** About the connection or the framing of a message (RFC 9110, 7.6.1): owned by whoever speaks HTTP. Lower case. */
export const CONNECTION_HEADERS: readonly string[] = [
  "connection",
  "content-length",
  "expect",
  "host",
  "http2-settings",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

const RESERVED: ReadonlySet<string> = new Set([
  ...CONNECTION_HEADERS,
  // They carry a credential, or say who sends.
  "authorization",
  "cookie",
  "cookie2",
  "forwarded",
  "via",
  "x-amz-date",
  "x-amz-security-token",
  "x-real-ip",
]);
const RESERVED_PREFIX = /^(?:alter-|proxy-|sec-|x-forwarded-)/;

/** Whether a header is the vault's to set, and not the caller's. The vault refuses it; `vault.fetch()` leaves it out. */
export function isReservedHeader(lowerCaseName: string): boolean {
  return RESERVED.has(lowerCaseName) || RESERVED_PREFIX.test(lowerCaseName);
}
