/**
 * The decoded segments of a path that `parseTarget` has let through. Null when a server may read it in another way:
 * encoded twice, broken encoding, empty segments, path parameters (`;`), dots or blanks at the end of a segment, which some
 * cut off. One slash at the end makes no difference.
 */
export function readPath(pathname: string): string[] | null {
  const inner = pathname.replace(/^\//, "").replace(/\/$/, "");
  if (inner === "") return pathname.length > 1 ? null : [];
  const segments: string[] = [];
  for (const raw of inner.split("/")) {
    let segment: string;
    try {
      segment = decodeURIComponent(raw);
    } catch {
      return null;
    }
    if (segment === "" || /[;/\\]|%[0-9a-f]{2}|[. ]$/i.test(segment)) return null;
    segments.push(segment.normalize("NFC"));
  }
  return segments;
}

/**
 * A path as a generous server reads it: letter case makes no difference, and neither does `.json` or `.xml` behind a
 * name. Whether a provider is generous nobody knows, so what forbids goes by this, and what exempts by the path as it is.
 */
export function foldPath<T extends string | null>(segments: readonly T[]): (T | string)[] {
  return segments.map((segment) => segment?.toLowerCase().replace(/(?<=.)\.(?:json|xml)$/, "") ?? segment);
}
