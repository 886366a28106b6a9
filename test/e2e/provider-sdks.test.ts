import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { DynamoDBClient, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { Octokit } from "@octokit/rest";
import { WebClient } from "@slack/web-api";
import { SignatureV4 } from "@smithy/signature-v4";
import OpenAI from "openai";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { startUpstream, type Upstream } from "../harness/upstream.ts";
import { startTestVault, type TestVault } from "../harness/vault.ts";

/*
 * The providers' own SDKs, unchanged, over the vault: what an existing program has to do to stop holding a credential.
 */
const TOKEN = "fake-token-provider-sdk-0123456789";
let vault: TestVault;
let upstream: Upstream | undefined;
beforeAll(async () => {
  vault = await startTestVault();
});
afterEach(async () => {
  await upstream?.close();
  upstream = undefined;
});
afterAll(() => vault.stop());

const json = (response: ServerResponse, value: unknown): void => {
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));
};

test("Octokit reads and writes", async () => {
  upstream = await startUpstream(({ method, headers, body }, response) => {
    expect(headers.authorization).toBe(`Bearer ${TOKEN}`);
    json(
      response,
      method === "POST"
        ? { number: 7, title: (JSON.parse(body.toString()) as { title: string }).title }
        : [{ number: 1, title: "first" }],
    );
  });
  const grantId = await vault.bearer(TOKEN, [upstream.origin]);
  const octokit = new Octokit({
    baseUrl: upstream.origin,
    request: { fetch: vault.sdk().fetch({ grantId, threadId: "t-octokit" }) },
  });
  const { data } = await octokit.rest.issues.listForRepo({ owner: "octo cat", repo: "hello" });
  expect(data[0]?.title).toBe("first");
  const created = await octokit.rest.issues.create({ owner: "octo", repo: "hello", title: "Grüße" });
  expect(created.data.title).toBe("Grüße");
  expect(upstream.calls[0]?.url).toBe("/repos/octo%20cat/hello/issues");
  expect((await vault.lastEntry()).context["thread_id"]).toBe("t-octokit");
});

test("Slack's WebClient posts a message", async () => {
  upstream = await startUpstream(({ headers }, response) => {
    expect(headers.authorization).toBe(`Bearer ${TOKEN}`);
    json(response, { ok: true, ts: "1.2", message: { text: "hi" } });
  });
  const grantId = await vault.bearer(TOKEN, [upstream.origin]);
  const slack = new WebClient(undefined, { slackApiUrl: `${upstream.origin}/api/`, fetch: vault.sdk().fetch(grantId) });
  const posted = await slack.chat.postMessage({ channel: "C1", text: "hi" });
  expect(posted.ts).toBe("1.2");
  expect(upstream.calls[0]?.body.toString()).toContain("channel=C1");
});

test("the OpenAI client gets an answer, and a stream of them", async () => {
  upstream = await startUpstream(({ headers, body }, response) => {
    expect(headers.authorization).toBe(`Bearer ${TOKEN}`);
    const { stream } = JSON.parse(body.toString()) as { stream?: boolean };
    if (!stream)
      return json(response, {
        id: "c1",
        object: "chat.completion",
        choices: [{ index: 0, message: { role: "assistant", content: "hello" } }],
      });
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const content of ["one ", "two"])
      response.write(
        `data: ${JSON.stringify({ id: "c2", object: "chat.completion.chunk", choices: [{ index: 0, delta: { content } }] })}\n\n`,
      );
    response.end("data: [DONE]\n\n");
  });
  const grantId = await vault.bearer(TOKEN, [upstream.origin]);
  const openai = new OpenAI({
    apiKey: "fake-unused",
    baseURL: `${upstream.origin}/v1`,
    fetch: vault.sdk().fetch(grantId),
  });
  const ask = { model: "m", messages: [{ role: "user" as const, content: "hi" }] };
  expect((await openai.chat.completions.create(ask)).choices[0]?.message.content).toBe("hello");
  let text = "";
  for await (const part of await openai.chat.completions.create({ ...ask, stream: true }))
    text += part.choices[0]?.delta.content ?? "";
  expect(text).toBe("one two");
});

describe("AWS SDK clients", () => {
  const credentials = {
    accessKeyId: "AKIDFAKEFAKEFAKE",
    secretAccessKey: "fake-secret-access-key-0123456789",
    sessionToken: "fake-session-token-0123456789",
  };

  /** An endpoint that computes the signature again, with another implementation, and lets nobody in without it. */
  async function startAws(
    service: string,
    answer: (request: IncomingMessage, body: Buffer, response: ServerResponse) => void,
  ) {
    const refused: string[] = [];
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const body = Buffer.concat(chunks);
        void verify(request, body).then((problem) => {
          if (!problem) return answer(request, body, response);
          refused.push(problem);
          response.writeHead(403).end(problem);
        });
      });
    });
    async function verify(request: IncomingMessage, body: Buffer): Promise<string | null> {
      const given = request.headers.authorization ?? "";
      const signedHeaders = /SignedHeaders=([^,]+)/.exec(given)?.[1]?.split(";") ?? [];
      const url = new URL(request.url ?? "/", `http://${request.headers.host}`);
      const headers = Object.fromEntries(signedHeaders.map((name) => [name, String(request.headers[name])]));
      if (headers["x-amz-security-token"] !== credentials.sessionToken) return "no session token";
      const payload = headers["x-amz-content-sha256"];
      if (payload && /^[0-9a-f]{64}$/.test(payload) && payload !== createHash("sha256").update(body).digest("hex"))
        return "payload";
      const { "x-amz-date": date = "", "x-amz-security-token": _token, ...rest } = headers;
      const at = new Date(date.replace(/(....)(..)(..)T(..)(..)(..)Z/, "$1-$2-$3T$4:$5:$6Z"));
      const signer = new SignatureV4({
        service,
        region: "eu-central-1",
        credentials,
        sha256: Sha256,
        uriEscapePath: service !== "s3",
        applyChecksum: service === "s3",
      });
      const query: Record<string, string> = {};
      for (const [name, value] of url.searchParams) query[name] = value;
      const signed = await signer.sign(
        {
          method: request.method ?? "",
          protocol: "http:",
          hostname: url.hostname,
          port: Number(url.port),
          path: url.pathname,
          query,
          headers: rest,
          body,
        },
        { signingDate: at },
      );
      return signed.headers["authorization"] === given
        ? null
        : `expected ${signed.headers["authorization"]?.slice(0, 120)}, got ${given.slice(0, 120)}`;
    }
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return {
      origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      refused,
      close: () =>
        new Promise<void>((resolve) => {
          server.close(() => resolve());
          server.closeAllConnections();
        }),
    };
  }

  /** SHA-256 in the form the signer wants. */
  class Sha256 {
    readonly #hash;
    readonly #key: string | ArrayBuffer | ArrayBufferView | undefined;
    readonly #chunks: Uint8Array[] = [];
    constructor(key?: string | ArrayBuffer | ArrayBufferView) {
      this.#key = key;
      this.#hash = createHash("sha256");
    }
    update(data: Uint8Array): void {
      this.#chunks.push(Buffer.from(data));
      this.#hash.update(data);
    }
    async digest(): Promise<Uint8Array> {
      if (this.#key === undefined) return this.#hash.digest();
      const { createHmac } = await import("node:crypto");
      const key = typeof this.#key === "string" ? this.#key : Buffer.from(this.#key as Uint8Array);
      return createHmac("sha256", key).update(Buffer.concat(this.#chunks)).digest();
    }
  }

  async function awsGrant(origin: string): Promise<string> {
    const created = await vault.operator.call("createSecret", {
      body: {
        name: `aws ${origin}`,
        injection: { kind: "sigv4" },
        value: {
          kind: "sigv4",
          access_key_id: credentials.accessKeyId,
          secret_access_key: credentials.secretAccessKey,
          session_token: credentials.sessionToken,
        },
        allowed_hosts: [origin],
      },
    });
    return created.grant_id;
  }

  test("S3 puts a buffer and a stream, gets, heads and lists", async () => {
    const objects = new Map<string, Buffer>();
    const aws = await startAws("s3", (request, body, response) => {
      const key = new URL(request.url ?? "", "http://x").pathname;
      if (request.method === "PUT") {
        objects.set(key, request.headers["content-encoding"]?.includes("aws-chunked") ? unchunk(body) : body);
        response.writeHead(200, { etag: '"1"' }).end();
      } else if (request.method === "HEAD")
        response.writeHead(200, { "content-length": objects.get(key)?.length ?? 0 }).end();
      else if (key === "/bucket/")
        response
          .writeHead(200, { "content-type": "application/xml" })
          .end("<ListBucketResult><Contents><Key>a key</Key></Contents></ListBucketResult>");
      else response.writeHead(200).end(objects.get(key));
    });
    const s3 = new S3Client({
      ...vault.sdk().aws({ grantId: await awsGrant(aws.origin), region: "eu-central-1" }),
      endpoint: aws.origin,
      forcePathStyle: true,
    });
    await s3.send(
      new PutObjectCommand({ Bucket: "bucket", Key: "a key/ü+1.txt", Body: "small", Metadata: { kind: "test" } }),
    );
    const pieces = Array.from({ length: 64 }, (_, index) => Buffer.alloc(65_536, index));
    await s3.send(
      new PutObjectCommand({
        Bucket: "bucket",
        Key: "stream",
        Body: Readable.from(pieces),
        ContentLength: 64 * 65_536,
      }),
    );
    const got = await s3.send(new GetObjectCommand({ Bucket: "bucket", Key: "stream" }));
    const all = await got.Body?.transformToByteArray();
    expect(Buffer.concat(pieces).equals(Buffer.from(all ?? []))).toBe(true);
    expect(
      await (await s3.send(new GetObjectCommand({ Bucket: "bucket", Key: "a key/ü+1.txt" }))).Body?.transformToString(),
    ).toBe("small");
    expect((await s3.send(new HeadObjectCommand({ Bucket: "bucket", Key: "stream" }))).ContentLength).toBe(64 * 65_536);
    expect((await s3.send(new ListObjectsV2Command({ Bucket: "bucket", Prefix: "a key/" }))).Contents?.[0]?.Key).toBe(
      "a key",
    );
    expect(aws.refused).toEqual([]);
    await aws.close();
  });

  test("DynamoDB puts and gets", async () => {
    const seen: string[] = [];
    const aws = await startAws("dynamodb", (request, _body, response) => {
      seen.push(String(request.headers["x-amz-target"]));
      response
        .writeHead(200, { "content-type": "application/x-amz-json-1.0" })
        .end(JSON.stringify({ Item: { id: { S: "1" } } }));
    });
    const dynamo = new DynamoDBClient({
      ...vault.sdk().aws({ grantId: await awsGrant(aws.origin), region: "eu-central-1" }),
      endpoint: aws.origin,
    });
    await dynamo.send(new PutItemCommand({ TableName: "t", Item: { id: { S: "1" } } }));
    expect((await dynamo.send(new GetItemCommand({ TableName: "t", Key: { id: { S: "1" } } }))).Item).toEqual({
      id: { S: "1" },
    });
    expect(seen).toEqual(["DynamoDB_20120810.PutItem", "DynamoDB_20120810.GetItem"]);
    expect(aws.refused).toEqual([]);
    await aws.close();
  });
});

/** Takes the chunk framing of `aws-chunked` off. */
function unchunk(body: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length;) {
    const lineEnd = body.indexOf("\r\n", at);
    const size = Number.parseInt(body.subarray(at, lineEnd).toString(), 16);
    if (!(size > 0)) break;
    parts.push(body.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
  return Buffer.concat(parts);
}
