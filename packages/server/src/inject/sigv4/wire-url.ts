import { percentNormalize } from "../percent-encoding.ts";
import { queryName, splitQuery } from "../query.ts";
import { normalize } from "./canonical-query.ts";

/** A call that is signed in its URL. AWS refuses calls that are signed twice, and ours is the one that counts. */
const PRESIGNED = new Set([
  "x-amz-algorithm",
  "x-amz-credential",
  "x-amz-date",
  "x-amz-expires",
  "x-amz-security-token",
  "x-amz-signature",
  "x-amz-signedheaders",
]);

/**
 * A copy of the URL with its query in the encoding that is signed, so that AWS cannot read it in another way than the
 * signature does. Order and bare names (`?acl`) stay; the parameters of a presigned URL go.
 */
export function wireUrl(url: URL): URL {
  const wire = new URL(url);
  wire.search = splitQuery(url.search)
    .filter((piece) => piece !== "" && !PRESIGNED.has(queryName(piece).toLowerCase()))
    .map((piece) => piece.split(/=(.*)/s, 2).map(normalize).join("="))
    .join("&");
  return wire;
}

/**
 * An S3 path in its strictest encoding. S3 reads a bare `+` in a key as a space, against the URL standard, so `+` and
 * its like leave encoded. Slashes stay as they are, encoded or not, so no segment appears that was not there.
 */
export function wireS3Path(path: string): string {
  return path.split("/").map(percentNormalize).join("/");
}
