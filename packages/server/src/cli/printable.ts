/**
 * Text that came from somebody else, made safe for a terminal: control characters could move the cursor, recolour what
 * was printed before, or type commands; bidirectional marks could make a host name read as another one.
 */
export function printable(text: string, { keepLines = false }: { readonly keepLines?: boolean } = {}): string {
  return text.replace(UNSAFE, (char) => {
    if (keepLines && char === "\n") return char;
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

// C0, DEL, C1, line separators, bidirectional marks, embeddings and isolates.
// oxlint-disable-next-line no-control-regex
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
