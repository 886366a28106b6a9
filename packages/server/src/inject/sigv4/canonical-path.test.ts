import { expect, test } from "vitest";
import { canonicalPath, canonicalS3Path } from "./canonical-path.ts";

test.each([
  // Wire, for most services, for S3.
  ["/", "/", "/"],
  ["/a//b/", "/a/b/", "/a//b/"],
  ["/a%20b", "/a%2520b", "/a%20b"],
  ["/model/x:0", "/model/x%3A0", "/model/x%3A0"],
  ["/a+b", "/a%2Bb", "/a%2Bb"],
  ["/a%2fb%2Fc", "/a%252fb%252Fc", "/a/b/c"],
  ["/%7e%c3%a9", "/%257e%25c3%25a9", "/~%C3%A9"],
])("%s", (wire, general, s3) => {
  expect(canonicalPath(wire)).toBe(general);
  expect(canonicalS3Path(wire)).toBe(s3);
});
