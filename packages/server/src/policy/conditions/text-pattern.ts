/** Whether text fits a pattern in which `*` stands for anything, also nothing. Linear in the text. */
export function textMatcher(pattern: string): (text: string) => boolean {
  const parts = pattern.normalize("NFC").split("*");
  const [first = ""] = parts;
  if (parts.length === 1) return (text) => text === first;
  const last = parts.at(-1) ?? "";
  const middle = parts.slice(1, -1).filter((part) => part !== "");
  return (text) => {
    if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
    let at = first.length;
    for (const part of middle) {
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return at <= text.length - last.length;
  };
}

export function anyMatcher(patterns: readonly string[]): (text: string) => boolean {
  const exact = new Set(patterns.filter((pattern) => !pattern.includes("*")).map((text) => text.normalize("NFC")));
  const matchers = patterns.filter((pattern) => pattern.includes("*")).map(textMatcher);
  return (text) => exact.has(text) || matchers.some((matches) => matches(text));
}
