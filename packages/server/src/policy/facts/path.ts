/**
 * The decoded segments of a path that `parseTarget` has let through. Null when a server may read it in another way:
 * encoded twice, broken encoding, empty segments, path parameters (`;`). One slash at the end makes no difference.
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
    if (segment === "" || /[;/\\]|%[0-9a-f]{2}/i.test(segment)) return null;
    segments.push(segment.normalize("NFC"));
  }
  return segments;
}
