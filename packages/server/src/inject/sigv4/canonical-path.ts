import { percentEncode, percentNormalize } from "../percent-encoding.ts";

/**
 * The path of the canonical request for every service but S3: the path as it is on the wire, without empty segments,
 * percent-encoded once more, its percent signs included. Dot segments are gone already: `URL` resolves them.
 */
export function canonicalPath(wirePath: string): string {
  const segments = wirePath.split("/").filter((segment) => segment !== "");
  if (segments.length === 0) return "/";
  return `/${segments.map(percentEncode).join("/")}${wirePath.endsWith("/") ? "/" : ""}`;
}

/**
 * For S3 the path is the object's key, encoded exactly once; no segment is taken out, because `a//b` is another key
 * than `a/b`. S3 sees no difference between a slash and an encoded one.
 */
export function canonicalS3Path(wirePath: string): string {
  return wirePath.replace(/%2F/gi, "/").split("/").map(percentNormalize).join("/");
}
