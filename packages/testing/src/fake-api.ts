import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Fault } from "./fault.ts";

export interface FakeCall {
  readonly method: string;
  readonly host: string;
  /** Path and query. */
  readonly path: string;
  /** As they came, the credential of the vault included. */
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Of the answer; 0 while there is none. */
  readonly status: number;
  /** The vault closed the connection before there was an answer: milliseconds after the call came. Null: it did not. */
  readonly endedAfterMs: number | null;
}

/** What a provider answers: a value, sent as JSON with 200, or a Response. */
export type FakeAnswer = (call: FakeCall) => unknown;

export interface FakeApiOptions {
  /** Which hosts it is, over https. Default: `api.<provider>.example`. */
  readonly hosts?: readonly string[];
  readonly answer?: FakeAnswer;
}

/** A provider that is there for one test. It takes the token it gave out and no other. */
export interface FakeApi {
  readonly provider: string;
  readonly origin: string;
  /** Every call that came, in order. */
  readonly calls: readonly FakeCall[];
  /** From now on. */
  answer(answer: FakeAnswer): void;
  /** The next call goes wrong, or the next few. */
  fail(fault: Fault, times?: number): void;
  /** The provider takes the token no more: calls are answered with 401. */
  revokeToken(): void;
}

export interface FakeApiServer extends FakeApi {
  readonly hosts: readonly string[];
  token: string;
  serve(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

export function createFakeApi(provider: string, token: string, options: FakeApiOptions): FakeApiServer {
  const hosts = options.hosts ?? [`api.${provider}.example`];
  const calls: Mutable<FakeCall>[] = [];
  const faults: Fault[] = [];
  let answer: FakeAnswer = options.answer ?? (() => ({ ok: true }));
  const api: FakeApiServer = {
    provider,
    hosts,
    token,
    origin: `https://${hosts[0]}`,
    calls,
    answer(next) {
      answer = next;
    },
    fail(fault, times = 1) {
      for (let i = 0; i < times; i++) faults.push(fault);
    },
    revokeToken() {
      api.token = "";
    },
    async serve(request, response) {
      const startedMs = performance.now();
      const call: Mutable<FakeCall> = {
        method: request.method ?? "",
        host: request.headers.host ?? "",
        path: request.url ?? "",
        headers: request.headers,
        body: await textOf(request),
        status: 0,
        endedAfterMs: null,
      };
      calls.push(call);
      response.on("close", () => {
        if (response.headersSent) call.status = response.statusCode;
        else call.endedAfterMs = performance.now() - startedMs;
      });
      const fault = faults.shift();
      if (fault) return fault(response);
      if (api.token === "" || request.headers.authorization !== `Bearer ${api.token}`) {
        response.writeHead(401, { "content-type": "application/json" }).end('{"message":"bad credentials"}');
        return;
      }
      await send(await answer(call), response);
    },
  };
  return api;
}

async function send(value: unknown, response: ServerResponse): Promise<void> {
  if (!(value instanceof Response)) {
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value ?? null));
    return;
  }
  response.writeHead(value.status, Object.fromEntries(value.headers));
  response.end(Buffer.from(await value.arrayBuffer()));
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
