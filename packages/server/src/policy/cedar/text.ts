/** A string literal of Cedar. */
export function literal(text: string): string {
  return `"${escaped(text)}"`;
}

export function literalSet(texts: readonly string[]): string {
  return `[${texts.map(literal).join(", ")}]`;
}

/** A pattern of `like` for text in which `*` stands for anything. */
export function likePattern(pattern: string): string {
  return literal(pattern);
}

export const TRUE = "true";

export function all(parts: readonly string[]): string {
  return parts.length === 0 ? TRUE : parts.map(bracketed).join(" && ");
}

export function any(parts: readonly string[]): string {
  return parts.length === 0 ? "false" : parts.map(bracketed).join(" || ");
}

function bracketed(part: string): string {
  return /^[\w.]+(?:\([^()]*\))?$/.test(part) ? part : `(${part})`;
}

function escaped(text: string): string {
  let result = "";
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    if (char === '"' || char === "\\") result += `\\${char}`;
    else if (code < 0x20 || (code > 0x7e && code < 0xa1) || (/\p{C}|\p{Z}/u.test(char) && char !== " "))
      result += `\\u{${code.toString(16)}}`;
    else result += char;
  }
  return result;
}
