import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { makeProblem } from "@alter-vault/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { AlterVault } from "./alter-vault.ts";
import type { AwsOptions } from "./aws.ts";
import { awsHeaders, awsTarget, signingScope, type AwsHttpRequest } from "./aws-request.ts";
import { AlterValueError, PolicyViolationError } from "./errors.ts";
import {
  FAKE_API_KEY,
  GRANT_ID,
  readAll,
  sendProblem,
  sendProvider,
  startFakeVault,
  type FakeVault,
  type SeenRequest,
} from "./fake-vault.test-support.ts";

let server: FakeVault;
let vault: AlterVault;

beforeAll(async () => {
  server = await startFakeVault();
  vault = new AlterVault({ apiKey: FAKE_API_KEY, baseUrl: server.url });
});
afterAll(() => server.close());
beforeEach(() => {
  server.seen.length = 0;
  server.streamBodies = false;
});

function last(): SeenRequest {
  const seen = server.seen.at(-1);
  if (seen === undefined) throw new Error("nothing was sent");
  return seen;
}

function lastHeaders(): Record<string, string> {
  return Object.fromEntries(last().envelope.headers);
}

const REGION = "eu-central-1";
const aws = (options: AwsOptions = {}): ReturnType<AlterVault["aws"]> =>
  vault.aws({ grantId: GRANT_ID, region: REGION, ...options });

describe("DynamoDB", () => {
  test("calls through the vault, which is told region and service", async () => {
    server.answer((_, response) =>
      sendProvider(response, 200, { "content-type": "application/x-amz-json-1.0" }, '{"Item":{"id":{"S":"7"}}}'),
    );
    const client = new DynamoDBClient(aws());
    const { Item } = await client.send(new GetItemCommand({ TableName: "notes", Key: { id: { S: "7" } } }));
    expect(Item).toEqual({ id: { S: "7" } });
    expect(last().envelope).toMatchObject({ method: "POST", grant_id: GRANT_ID, redirect: "manual" });
    expect(new URL(last().envelope.target).host).toMatch(/^(?:\d+\.ddb|dynamodb)\.eu-central-1\.amazonaws\.com$/);
    expect(last().envelope.sigv4).toEqual({ region: REGION, service: "dynamodb" });
    expect(lastHeaders()).toMatchObject({
      "x-amz-target": "DynamoDB_20120810.GetItem",
      "content-type": "application/x-amz-json-1.0",
    });
    for (const name of ["authorization", "x-amz-date", "x-amz-security-token", "host", "content-length", "date"]) {
      expect(lastHeaders()).not.toHaveProperty(name);
    }
    expect(JSON.parse(last().body.toString())).toMatchObject({ TableName: "notes" });
    expect(JSON.stringify(last().rawHeaders)).not.toMatch(/AWS4-HMAC|THE-VAULT-SIGNS/);
  });

  test("AWS's own errors are the client's", async () => {
    const body = '{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"no table"}';
    server.answer((_, response) => sendProvider(response, 400, { "content-type": "application/x-amz-json-1.0" }, body));
    const call = new DynamoDBClient(aws()).send(new GetItemCommand({ TableName: "none", Key: { id: { S: "7" } } }));
    await expect(call).rejects.toMatchObject({ name: "ResourceNotFoundException", message: "no table" });
  });

  test("a refusal of the vault is the vault's", async () => {
    server.answer((_, response) => sendProblem(response, makeProblem("policy_denied", "not this table")));
    const call = new DynamoDBClient(aws()).send(new GetItemCommand({ TableName: "notes", Key: { id: { S: "7" } } }));
    await expect(call).rejects.toBeInstanceOf(PolicyViolationError);
    expect(server.seen).toHaveLength(1);
  });

  test("an abort ends the call", async () => {
    server.answer(() => undefined);
    const command = new GetItemCommand({ TableName: "notes", Key: { id: { S: "7" } } });
    const call = new DynamoDBClient(aws()).send(command, { abortSignal: AbortSignal.timeout(100) });
    await expect(call).rejects.toThrow();
    expect(server.seen).toHaveLength(1);
  });
});

describe("S3", () => {
  test("keys of any characters, and queries", async () => {
    const xml = '<?xml version="1.0"?><ListBucketResult><Contents><Key>a b</Key></Contents></ListBucketResult>';
    server.answer((_, response) => sendProvider(response, 200, { "content-type": "application/xml" }, xml));
    const { Contents } = await new S3Client(aws()).send(
      new ListObjectsV2Command({ Bucket: "notes", Prefix: "a b/{ü}" }),
    );
    expect(Contents?.[0]?.Key).toBe("a b");
    expect(last().envelope.target).toBe(
      "https://notes.s3.eu-central-1.amazonaws.com/?list-type=2&prefix=a%20b%2F%7B%C3%BC%7D",
    );
    expect(last().envelope.sigv4).toEqual({ region: REGION, service: "s3" });
    expect(lastHeaders()["x-amz-content-sha256"]).toMatch(/^[0-9a-f]{64}$/);
  });

  test("a download streams, as a Node stream", async () => {
    server.answer((_, response) => sendProvider(response, 200, { etag: '"x"' }, Buffer.alloc(300_000, "x")));
    const { Body, ETag } = await new S3Client(aws()).send(new GetObjectCommand({ Bucket: "notes", Key: "big" }));
    expect(ETag).toBe('"x"');
    expect(Body).toBeInstanceOf(Readable);
    expect(await buffer(Body as Readable)).toHaveLength(300_000);
  });

  test("an upload from a stream", async () => {
    server.streamBodies = true;
    let sent = "";
    server.answer(async (_, response, incoming) => {
      sent = (await readAll(incoming)).toString();
      sendProvider(response, 200, { etag: '"x"' }, "");
    });
    const client = new S3Client({ ...aws(), requestChecksumCalculation: "WHEN_REQUIRED" });
    await client.send(
      new PutObjectCommand({ Bucket: "notes", Key: "k", Body: Readable.from(["one", "two"]), ContentLength: 6 }),
    );
    expect(sent).toBe("onetwo");
    expect(last().headers).toMatchObject({ "content-length": "6", "alter-body": "unsigned-stream" });
    expect(lastHeaders()).toMatchObject({ "x-amz-content-sha256": "UNSIGNED-PAYLOAD" });
    expect(lastHeaders()).not.toHaveProperty("expect");
  });

  test("an upload with a trailing checksum", async () => {
    server.streamBodies = true;
    server.answer(async (_, response, incoming) => {
      await readAll(incoming);
      sendProvider(response, 200, { etag: '"x"' }, "");
    });
    await new S3Client(aws()).send(
      new PutObjectCommand({ Bucket: "notes", Key: "k", Body: Readable.from(["onetwo"]), ContentLength: 6 }),
    );
    expect(lastHeaders()).toMatchObject({
      "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
      "x-amz-decoded-content-length": "6",
      "content-encoding": "aws-chunked",
    });
    expect(lastHeaders()).not.toHaveProperty("transfer-encoding");
  });

  test("a length in an answer to HEAD", async () => {
    server.answer((_, response) => sendProvider(response, 200, { "alter-content-length": "12345" }, ""));
    const { ContentLength } = await new S3Client(aws()).send(new HeadObjectCommand({ Bucket: "notes", Key: "k" }));
    expect(ContentLength).toBe(12_345);
  });
});

describe("the configuration", () => {
  test("has placeholders for keys and leaves the region to the client when it is not given", () => {
    const config = vault.aws({ provider: "aws" });
    expect(config).not.toHaveProperty("region");
    expect(config.credentials).toEqual({
      accessKeyId: "THE-VAULT-SIGNS",
      secretAccessKey: "not-a-key-the-vault-signs",
    });
  });

  test("is checked at once", () => {
    expect(() => vault.aws()).toThrow(AlterValueError);
    expect(() => vault.aws({ grantId: GRANT_ID, regions: "x" } as AwsOptions)).toThrow(AlterValueError);
  });

  test("service and region of the options, where the client does not sign", async () => {
    server.answer((_, response) => sendProvider(response, 200, {}, ""));
    const { requestHandler } = aws({ service: "execute-api" });
    const { response } = await requestHandler.handle(plain());
    expect(last().envelope.sigv4).toEqual({ region: REGION, service: "execute-api" });
    expect(response).toMatchObject({ statusCode: 200, reason: "OK" });
    expect(await buffer(response.body as Readable)).toHaveLength(0);
  });

  test("takes the client's request timeout", async () => {
    server.answer(() => undefined);
    const { requestHandler } = aws();
    await expect(requestHandler.handle(plain(), { requestTimeout: 60 })).rejects.toThrow(/within 60 ms/);
    requestHandler.updateHttpClientConfig("requestTimeout", 70);
    expect(requestHandler.httpHandlerConfigs()).toEqual({ requestTimeout: 70 });
    await expect(requestHandler.handle(plain())).rejects.toThrow(/within 70 ms/);
    requestHandler.destroy();
  });

  test("takes a signal that is no event target", async () => {
    server.answer(() => undefined);
    const signal = { aborted: false, onabort: null as (() => void) | null };
    const call = aws().requestHandler.handle(plain(), { abortSignal: signal });
    setTimeout(() => signal.onabort?.(), 50);
    await expect(call).rejects.toMatchObject({ name: "AbortError" });
  });
});

test("what the client signs with and what is of its connection stays behind, all else goes along", () => {
  const dropped = ["Authorization", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Region-Set", "Date", "Host"];
  const ofConnection = ["Content-Length", "Transfer-Encoding", "Connection", "Expect"];
  const kept = [
    "x-amz-target",
    "x-amz-content-sha256",
    "x-amz-meta-a",
    "content-type",
    "content-encoding",
    "user-agent",
  ];
  const headers = Object.fromEntries([...dropped, ...ofConnection, ...kept].map((name) => [name, "x"]));
  expect(awsHeaders(headers).map(([name]) => name)).toEqual(kept);
});

describe("what the client's own signature says", () => {
  test.each([
    [
      "AWS4-HMAC-SHA256 Credential=X/20260101/us-gov-west-1/s3/aws4_request, SignedHeaders=host, Signature=0",
      { region: "us-gov-west-1", service: "s3" },
    ],
    [undefined, {}],
  ])("%s", (authorization, scope) => {
    expect(signingScope(authorization === undefined ? {} : { Authorization: authorization })).toEqual(scope);
  });

  test.each(["AWS4-ECDSA-P256-SHA256 Credential=X/20260101/s3/aws4_request, SignedHeaders=host", "Bearer fake-token"])(
    "%s is refused without showing it",
    (authorization) => {
      expect(() => signingScope({ authorization })).toThrow(/only SigV4 with a region/);
      expect(() => signingScope({ authorization })).not.toThrow(/fake-token|Credential/);
    },
  );
});

test.each<[Partial<AwsHttpRequest>, string]>([
  [{ path: "/a%2Fb/c" }, "https://h.example/a%2Fb/c"],
  [{ path: "/", query: { uploads: null, b: ["2", "1"], a: "x y'" } }, "https://h.example/?a=x%20y%27&b=2&b=1&uploads"],
  [{ path: "/", port: 8443 }, "https://h.example:8443/"],
])("the target of %j", (request, target) => {
  expect(awsTarget({ ...plain(), ...request })).toBe(target);
});

function plain(): AwsHttpRequest {
  return { method: "GET", protocol: "https:", hostname: "h.example", path: "/", headers: {} };
}
