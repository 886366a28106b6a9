/**
 * The target as the wire carries it: printable ASCII. Everything else is percent-encoded; path templates such as
 * `{item_id}` stay, because the vault fills them. Whether the target is a good one is for the vault to say.
 */
export function encodeTarget(url: string | URL): string {
  const text = typeof url === "string" ? url : url.href;
  return text.toWellFormed().replaceAll(/[^\x21-\x7e]+/g, (part) => encodeURIComponent(part));
}

/** A URL in which nothing is a template, whatever braces it has. */
export function encodeLiteralTarget(url: string): string {
  return encodeTarget(url).replaceAll("{", "%7B").replaceAll("}", "%7D");
}
