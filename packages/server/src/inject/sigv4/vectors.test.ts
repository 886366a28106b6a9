import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { inject } from "../inject.ts";
import { canonicalPath, canonicalS3Path } from "./canonical-path.ts";
import { canonicalQuery } from "./canonical-query.ts";
import { signRequest } from "./sign-request.ts";

interface Suite {
  host: string;
  accessKeyId: string;
  secretAccessKey: string;
  region: string;
  service: string;
  time: string;
}
interface Case {
  name: string;
  suite: "general" | "s3";
  method: "GET" | "POST" | "PUT";
  target: string;
  headers: [string, string][];
  body: string;
  sessionToken?: string;
  canonicalRequest: string | null;
  stringToSign: string | null;
  authorization: string;
}
const vectors = JSON.parse(readFileSync(new URL("./vectors.json", import.meta.url), "utf8")) as {
  suites: Record<"general" | "s3", Suite>;
  cases: Case[];
};

const sha256 = (body: string): string => createHash("sha256").update(body).digest("hex");

describe("the steps of the signature, as published", () => {
  test.each(vectors.cases)("$suite: $name", (row) => {
    const suite = vectors.suites[row.suite];
    const url = new URL(`https://${suite.host}${row.target}`);
    // The suite signs bytes that no URL has ("/ሴ"). What URL encoded is decoded again, to be encoded once.
    const path = decodeURI(url.pathname);
    const amzDate = suite.time.replace(/[-:]/g, "");
    const payloadHash = sha256(row.body);
    const signed = signRequest({
      method: row.method,
      path: row.suite === "s3" ? canonicalS3Path(path) : canonicalPath(path),
      query: canonicalQuery(url.search),
      headers: [
        ...row.headers,
        ["Host", suite.host],
        ["X-Amz-Date", amzDate],
        ...(row.sessionToken === undefined ? [] : [["X-Amz-Security-Token", row.sessionToken] as const]),
        ...(row.suite === "s3" ? [["x-amz-content-sha256", payloadHash] as const] : []),
      ],
      payloadHash,
      amzDate,
      region: suite.region,
      service: suite.service,
      accessKeyId: suite.accessKeyId,
      secretAccessKey: suite.secretAccessKey,
    });
    if (row.canonicalRequest !== null) expect(signed.canonicalRequest).toBe(row.canonicalRequest);
    if (row.stringToSign !== null) expect(signed.stringToSign).toBe(row.stringToSign);
    expect(signed.authorization).toBe(row.authorization);
  });
});

describe("the whole injection, where the case has only headers that are signed and a path as it is on the wire", () => {
  const whole = vectors.cases.filter(
    ({ headers, target }) =>
      headers.every(([name]) => !/^my-header/i.test(name)) && !/^\/(?:ሴ|example space)/.test(target),
  );
  test("that is most of them", () => {
    expect(whole.length).toBeGreaterThan(30);
  });

  test.each(whole)("$suite: $name", (row) => {
    const suite = vectors.suites[row.suite];
    const url = new URL(`https://${suite.host}${row.target}`);
    const injected = inject(
      { kind: "sigv4", region: suite.region, service: suite.service },
      {
        kind: "sigv4",
        access_key_id: suite.accessKeyId,
        secret_access_key: suite.secretAccessKey,
        ...(row.sessionToken === undefined ? {} : { session_token: row.sessionToken }),
      },
      {
        method: row.method,
        url,
        headers: [
          ...row.headers.map(([name, value]): [string, string] => [name.toLowerCase(), value]),
          ["user-agent", "x"],
        ],
      },
      { nowMs: Date.parse(suite.time), bodySha256: sha256(row.body) },
    );
    if (!injected.ok) throw new Error(injected.detail);
    expect(Object.fromEntries(injected.headers)["authorization"]).toBe(row.authorization);
  });
});
