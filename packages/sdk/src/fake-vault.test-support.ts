import { createHash, createHmac, hkdfSync } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  API_KEY_RANDOM_BYTES,
  coveredComponents,
  formatApiKey,
  HEADER,
  MAX_CLOCK_SKEW_SECONDS,
  makeProblem,
  parseApiKey,
  parseSignature,
  RequestEnvelope,
  signatureBase,
  SIGNING_KEY_INFO,
  type Problem,
} from "@alter-vault/protocol";

/** A well-formed key that opens nothing. */
export const FAKE_API_KEY: string = formatApiKey(new Uint8Array(API_KEY_RANDOM_BYTES).fill(7));
const KEY = parseApiKey(FAKE_API_KEY) ?? { id: "", secret: "" };
export const FAKE_SECRET: string = KEY.secret;
export const GRANT_ID = "0190a3f0-1111-7000-8000-000000000001";

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly rawHeaders: readonly string[];
  /** Of /v1/request and /v1/retrieve. */
  readonly envelope: RequestEnvelope;
  readonly body: Buffer;
}

export type Handler = (
  request: SeenRequest,
  response: ServerResponse,
  incoming: IncomingMessage,
) => void | Promise<void>;

/**
 * A vault that checks every signature with the profile of `protocol` and Node's own crypto, keeps what it saw, and
 * answers what a test wants.
 */
export interface FakeVault {
  readonly url: string;
  readonly seen: SeenRequest[];
  /** Answers to come, one for each request; the last one stays. */
  answer(...handlers: Handler[]): void;
  /** Makes the clock of the vault differ. */
  skewSeconds: number;
  /** How many requests to come do not reach it, because their connections break. */
  breaks: number;
  /** Signatures of those. */
  readonly broken: unknown[];
  /** How many requests to come are turned away before they are looked at. */
  turnsAway: number;
  /** Hands the body over as it comes instead of reading it first. */
  streamBodies: boolean;
  close(): Promise<void>;
}

export async function startFakeVault(): Promise<FakeVault> {
  let handlers: Handler[] = [
    (_, response) => sendProvider(response, 200, { "content-type": "application/json" }, "{}"),
  ];
  const nonces = new Set<string>();
  const server = createServer((incoming, response) => {
    void serve(incoming, response);
  });

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    if (vault.breaks > 0) {
      vault.breaks--;
      vault.broken.push(incoming.headers["signature"]);
      incoming.destroy();
      return;
    }
    if (vault.turnsAway > 0) {
      vault.turnsAway--;
      return sendProblem(response, makeProblem("shutting_down", "not now"), { "retry-after": "0" });
    }
    const body = vault.streamBodies ? Buffer.alloc(0) : await readAll(incoming);
    const headers = incoming.headers as Record<string, string | undefined>;
    const problem = checkSignature(incoming, headers, body, nonces, vault.skewSeconds);
    if (problem !== null) return sendProblem(response, problem);
    const request: SeenRequest = {
      method: incoming.method ?? "",
      path: incoming.url ?? "",
      headers,
      rawHeaders: incoming.rawHeaders,
      get envelope() {
        return readEnvelope(headers);
      },
      body,
    };
    vault.seen.push(request);
    const [handler] = handlers;
    if (handlers.length > 1) handlers = handlers.slice(1);
    await handler?.(request, response, incoming);
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const vault: FakeVault = {
    url: `http://127.0.0.1:${port}`,
    seen: [],
    skewSeconds: 0,
    breaks: 0,
    broken: [],
    turnsAway: 0,
    streamBodies: false,
    answer: (...next) => {
      handlers = next;
    },
    close: () => closeServer(server),
  };
  return vault;
}

/** A server that keeps what it got and answers what a test wants; a provider, in the tests of retrieve mode. */
export interface FakeProvider {
  readonly url: string;
  readonly seen: { method: string; path: string; rawHeaders: string[]; body: Buffer }[];
  answer(handler: (path: string, response: ServerResponse) => void): void;
  close(): Promise<void>;
}

export async function startFakeProvider(): Promise<FakeProvider> {
  let handler = (_path: string, response: ServerResponse): void => void response.end("fake answer");
  const server = createServer((incoming, response) => {
    void readAll(incoming).then((body) => {
      const { method = "", url = "", rawHeaders } = incoming;
      provider.seen.push({ method, path: url, rawHeaders, body });
      handler(url, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const provider: FakeProvider = {
    url: `http://127.0.0.1:${port}`,
    seen: [],
    answer: (next) => {
      handler = next;
    },
    close: () => closeServer(server),
  };
  return provider;
}

function closeServer(server: ReturnType<typeof createServer>): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

export function sendProvider(
  response: ServerResponse,
  status: number,
  headers: Record<string, string | string[]>,
  body: string | Buffer,
): void {
  response.writeHead(status, { [HEADER.outcome]: "provider", [HEADER.requestId]: "fake-request-id", ...headers });
  response.end(body);
}

export function sendProblem(response: ServerResponse, problem: Problem, headers: Record<string, string> = {}): void {
  response.writeHead(problem.status, {
    "content-type": "application/problem+json",
    [HEADER.outcome]: "vault",
    ...headers,
  });
  response.end(JSON.stringify(problem));
}

export function sendVaultJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json", [HEADER.outcome]: "vault" });
  response.end(JSON.stringify(value));
}

export async function readAll(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function checkSignature(
  incoming: IncomingMessage,
  headers: Readonly<Record<string, string | undefined>>,
  body: Buffer,
  nonces: Set<string>,
  skewSeconds: number,
): Problem | null {
  const parsed = parseSignature(headers["signature-input"] ?? "", headers["signature"] ?? "");
  if (parsed === null) return makeProblem("signature_missing", "no signature of the profile");
  const components = coveredComponents(headers);
  const expectedList = components.map((name) => `"${name}"`).join(" ");
  const message = {
    method: incoming.method ?? "",
    authority: headers["host"] ?? "",
    requestTarget: incoming.url ?? "",
    headers,
  };
  const key = Buffer.from(hkdfSync("sha256", KEY.secret, "", SIGNING_KEY_INFO, 32));
  const expected = createHmac("sha256", key)
    .update(signatureBase(message, components, parsed.input))
    .digest("base64");
  if (parsed.keyId !== KEY.id || parsed.componentList !== expectedList || parsed.signature !== expected) {
    return makeProblem("signature_invalid", "the fake vault computed another signature");
  }
  const digest = `sha-256=:${createHash("sha256").update(body).digest("base64")}:`;
  const streamed = headers[HEADER.body] === "unsigned-stream";
  if (streamed ? headers["content-digest"] !== undefined : headers["content-digest"] !== digest) {
    return makeProblem("digest_mismatch", "the fake vault computed another digest");
  }
  const now = Math.floor(Date.now() / 1000) + skewSeconds;
  if (Math.abs(parsed.created - now) > MAX_CLOCK_SKEW_SECONDS) {
    return makeProblem("clock_skew", "the clock is off", { server_time: now });
  }
  if (nonces.has(parsed.nonce)) return makeProblem("request_replayed", "seen before");
  nonces.add(parsed.nonce);
  return null;
}

function readEnvelope(headers: Readonly<Record<string, string | undefined>>): RequestEnvelope {
  const json = (name: string): unknown => (headers[name] === undefined ? undefined : JSON.parse(headers[name]));
  const raw = {
    method: headers[HEADER.method],
    target: headers[HEADER.target],
    grant_id: headers[HEADER.grant],
    provider: headers[HEADER.provider],
    account: json(HEADER.account),
    reason: json(HEADER.reason),
    redirect: headers[HEADER.redirect],
    body_digest: headers[HEADER.bodyDigest],
    params: json(HEADER.params),
    headers: json(HEADER.headers),
    caller: json(HEADER.caller),
    context: json(HEADER.context),
    sigv4: json(HEADER.sigv4),
  };
  return RequestEnvelope.parse(Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== undefined)));
}
