import type { InjectionRule, SecretMaterial } from "@alter-vault/protocol";
import { describe, expect, test } from "vitest";
import { inject, type Injected, type InjectOptions } from "../inject.ts";

const MATERIAL: SecretMaterial = { kind: "sigv4", access_key_id: "AKIDFAKE", secret_access_key: "fake-secret-key" };
const WITH_TOKEN: SecretMaterial = { ...MATERIAL, session_token: "fake-session-token" };
const OPTIONS: InjectOptions = { nowMs: Date.parse("2026-02-03T04:05:06.789Z"), bodySha256: "ab".repeat(32) };

function run(
  url: string,
  headers: [string, string][] = [],
  { rule = {}, material = MATERIAL, options = {} }: Setting = {},
): Injected {
  return inject(
    { kind: "sigv4", ...rule },
    material,
    { method: "GET", url: new URL(url), headers },
    { ...OPTIONS, ...options },
  );
}
interface Setting {
  rule?: Omit<Extract<InjectionRule, { kind: "sigv4" }>, "kind">;
  material?: SecretMaterial;
  options?: Partial<InjectOptions>;
}

function ok(injected: Injected): Extract<Injected, { ok: true }> & { header: (name: string) => string | undefined } {
  if (!injected.ok) throw new Error(injected.detail);
  return { ...injected, header: (name) => injected.headers.find(([other]) => other === name)?.[1] };
}

/** "region service" of the credential scope. */
function scope(injected: Injected): string {
  if (!injected.ok) return injected.code;
  const [, region, service] =
    /Credential=AKIDFAKE\/20260203\/([^/]+)\/([^/]+)\/aws4_request/.exec(ok(injected).header("authorization") ?? "") ??
    [];
  return `${region} ${service}`;
}

describe("headers", () => {
  test("what goes out, and what is kept secret", () => {
    const injected = ok(
      run("https://bucket.s3.eu-west-1.amazonaws.com/a", [["accept", "*/*"]], { material: WITH_TOKEN }),
    );
    const signature = /Signature=([0-9a-f]{64})$/.exec(injected.header("authorization") ?? "")?.[1];
    expect(injected).toMatchObject({
      headers: [
        ["accept", "*/*"],
        ["x-amz-date", "20260203T040506Z"],
        ["x-amz-security-token", "fake-session-token"],
        ["x-amz-content-sha256", "ab".repeat(32)],
        [
          "authorization",
          "AWS4-HMAC-SHA256 Credential=AKIDFAKE/20260203/eu-west-1/s3/aws4_request, " +
            `SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature=${signature}`,
        ],
      ],
      credentialHeaders: ["x-amz-date", "x-amz-security-token", "x-amz-content-sha256", "authorization"],
      credentialQuery: [],
      secrets: ["fake-secret-key", "fake-session-token", signature],
    });
    expect(signature).toBeDefined();
  });

  test("the caller's own credentials go away, with and without a session token of ours", () => {
    const sent: [string, string][] = [
      ["authorization", "of-the-caller"],
      ["X-Amz-Date", "of-the-caller"],
      ["x-amz-security-token", "of-the-caller"],
      ["x-amz-s3session-token", "of-the-caller"],
      ["x-amz-target", "Queue.Send"],
    ];
    const url =
      "https://sqs.eu-west-1.amazonaws.com/?X-Amz-Signature=of-the-caller&a=1&x-amz-credential=of-the-caller" +
      "&X-Amz-Security%2DToken=of-the-caller&X-Amz-Algorithm=x&X-Amz-Date=x&X-Amz-Expires=1&X-Amz-SignedHeaders=x";
    for (const material of [MATERIAL, WITH_TOKEN]) {
      const injected = ok(run(url, sent, { material }));
      expect(JSON.stringify([injected.url, injected.headers])).not.toContain("of-the-caller");
      expect(injected.url.search).toBe("?a=1");
      expect(injected.headers.filter(([name]) => name === "x-amz-target")).toHaveLength(1);
      expect(injected.headers.filter(([name]) => name.startsWith("x-amz-security"))).toHaveLength(
        material === MATERIAL ? 0 : 1,
      );
    }
  });

  test("only what nobody changes on the way is signed", () => {
    const names = [
      "user-agent",
      "connection",
      "x-amzn-trace-id",
      "accept",
      "content-length",
      "transfer-encoding",
      "expect",
    ];
    const signed = ["content-md5", "content-type", "range", "x-amz-meta-a"];
    const injected = ok(
      run(
        "https://sqs.eu-west-1.amazonaws.com/",
        [...names, ...signed].map((name): [string, string] => [name, "x"]),
      ),
    );
    expect(injected.header("authorization")).toContain(
      "SignedHeaders=content-md5;content-type;host;range;x-amz-date;x-amz-meta-a,",
    );
    expect(injected.headers.map(([name]) => name)).toEqual(expect.arrayContaining([...names, ...signed]));
  });

  test("neither the length of the body nor the milliseconds change the signature; host, port and body do", () => {
    const authorization = (url: string, headers: [string, string][] = [], options: Partial<InjectOptions> = {}) =>
      ok(run(url, headers, { rule: { region: "r-1", service: "s" }, options })).header("authorization");
    const plain = authorization("https://host.example/");
    expect(authorization("https://host.example:443/", [["content-length", "5"]])).toBe(plain);
    expect(authorization("https://host.example/", [], { nowMs: OPTIONS.nowMs + 100 })).toBe(plain);
    const others = [
      authorization("https://other.example/"),
      authorization("https://host.example:8443/"),
      authorization("https://host.example/", [], { bodySha256: "cd".repeat(32) }),
      authorization("https://host.example/", [], { nowMs: OPTIONS.nowMs + 1000 }),
    ];
    expect(new Set([plain, ...others]).size).toBe(5);
  });
});

describe("the URL that goes out", () => {
  test.each([
    // Queries get the encoding that is signed; order and bare names stay.
    [
      "https://sqs.eu-west-1.amazonaws.com/?b=a+b&a=%7e&x=(*)&acl&e=&=v&&q=a=b",
      "/?b=a%20b&a=~&x=%28%2A%29&acl&e=&=v&q=a%3Db",
    ],
    ["https://sqs.eu-west-1.amazonaws.com/", "/"],
    // Only S3 paths are rewritten.
    ["https://abc.execute-api.eu-west-1.amazonaws.com//a+b/%7e/(c)/", "//a+b/%7e/(c)/"],
    ["https://b.s3.eu-west-1.amazonaws.com//a+b/%7e/(c)%2f!/", "//a%2Bb/~/%28c%29%2F%21/"],
    // What looks like a way up inside a key never becomes one.
    ["https://b.s3.eu-west-1.amazonaws.com/a%2F%2E%2E%2Fb", "/a%2F..%2Fb"],
  ])("%s", (url, wire) => {
    const injected = ok(run(url));
    expect(injected.url.href).toBe(new URL(url).origin + wire);
  });
});

describe("region and service", () => {
  const AWS = "https://sqs.eu-west-1.amazonaws.com/";
  const OWN = "https://minio.example.com/";
  const says = (region?: string, service?: string) => ({ sigv4: { region, service } });

  test.each<[what: string, url: string, setting: Setting, expected: string]>([
    ["the host", AWS, {}, "eu-west-1 sqs"],
    ["the host over the caller", AWS, { options: says("us-east-1", "iam") }, "eu-west-1 sqs"],
    ["the rule over the host", AWS, { rule: { region: "us-east-2", service: "sns" } }, "us-east-2 sns"],
    ["the rule over the caller", OWN, { rule: { region: "a", service: "b" }, options: says("c", "d") }, "a b"],
    ["the caller where nothing else does", OWN, { options: says("auto", "s3") }, "auto s3"],
    ["each from where it is said", OWN, { rule: { service: "s3" }, options: says("garage", "iam") }, "garage s3"],
    [
      "the caller for what the host leaves open",
      "https://b.s3-accelerate.amazonaws.com/",
      { options: says("eu-west-1", "iam") },
      "eu-west-1 s3",
    ],
    ["nobody", OWN, {}, "invalid_request"],
    ["nobody the region", OWN, { rule: { service: "s3" } }, "invalid_request"],
    ["nobody the service", OWN, { options: says("eu-west-1") }, "invalid_request"],
    ["the caller, with a slash", OWN, { options: says("a/b", "s3") }, "invalid_request"],
    ["the caller, with a line", OWN, { options: says("a", "s3\n") }, "invalid_request"],
  ])("said by %s", (_what, url, setting, expected) => {
    expect(scope(run(url, [], setting))).toBe(expected);
  });

  test("the refusal says what to set", () => {
    expect(run(OWN)).toMatchObject({ ok: false, detail: expect.stringMatching(/region and service.*Set/) });
    expect(run(OWN, [], { rule: { service: "s3" } })).toMatchObject({
      detail: expect.stringMatching(/the AWS region\..*Set region in/),
    });
  });
});

test("bodies that cannot be signed are refused", () => {
  const streamed = { options: { bodySha256: null } };
  expect(run("https://sqs.eu-west-1.amazonaws.com/", [], streamed)).toMatchObject({
    ok: false,
    code: "invalid_request",
  });
  const chunked: [string, string][] = [["X-Amz-Content-Sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"]];
  expect(run("https://b.s3.eu-west-1.amazonaws.com/", chunked, streamed)).toMatchObject({
    ok: false,
    code: "invalid_request",
    detail: expect.stringContaining("UNSIGNED-PAYLOAD"),
  });
  const s3 = ok(run("https://b.s3.eu-west-1.amazonaws.com/", [["x-amz-content-sha256", "x"]], streamed));
  expect(s3.headers.filter(([name]) => name === "x-amz-content-sha256")).toEqual([
    ["x-amz-content-sha256", "UNSIGNED-PAYLOAD"],
  ]);
});
