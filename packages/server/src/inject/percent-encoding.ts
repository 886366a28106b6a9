const UNRESERVED = /[A-Za-z0-9\-._~]/;

/** Percent-encodes everything but RFC 3986's unreserved characters: the strictest form, which every server reads alike. */
export function percentEncode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(/[!'()*]/g, (char) => percentByte(char.charCodeAt(0)));
}

/**
 * The same for text that is percent-encoded already, more or less: `%XX` counts as the byte it stands for, a `%` that
 * starts no such triple as itself. Equivalent spellings become one, and doing it twice changes nothing.
 */
export function percentNormalize(encoded: string): string {
  return encoded.replace(/%([0-9A-Fa-f]{2})|[^A-Za-z0-9\-._~]/gu, (char, hex: string | undefined) =>
    hex === undefined ? percentEncode(char) : percentByte(Number.parseInt(hex, 16)),
  );
}

function percentByte(byte: number): string {
  const char = String.fromCharCode(byte);
  return UNRESERVED.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
}
