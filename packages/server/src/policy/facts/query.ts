/** Text of a query or form, `+` being a blank. Null: it is no UTF-8. */
export function decodeFormText(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return null;
  }
}

/**
 * The pairs of a query, decoded once, in their order. Null when somebody might read it in another way: broken encoding, a
 * name that is encoded twice, `;` between names, which old parsers take for `&`.
 */
export function readQuery(search: string): (readonly [string, string])[] | null {
  const pairs: (readonly [string, string])[] = [];
  for (const part of search.replace(/^\?/, "").split("&")) {
    if (part === "") continue;
    const at = part.indexOf("=");
    const name = decodeFormText(at < 0 ? part : part.slice(0, at));
    const value = at < 0 ? "" : decodeFormText(part.slice(at + 1));
    if (name === null || value === null || /%[0-9a-f]{2}|;/i.test(name) || part.includes(";")) return null;
    pairs.push([name.normalize("NFC"), value.normalize("NFC")]);
  }
  return pairs;
}
