import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createRawServer, type AddressInfo, type Server as RawServer, type Socket } from "node:net";
import { compileAllowedHosts } from "./allowed-hosts.ts";
import {
  createEgress,
  type Egress,
  type EgressOptions,
  type EgressOutcome,
  type EgressRequest,
  type EgressSink,
} from "./egress.ts";
import { DEFAULT_EGRESS_LIMITS, type EgressLimits } from "./limits.ts";
import { secretMatcher } from "./scrub.ts";

/** Set-up for the tests of this folder: real servers on 127.0.0.1, and a sink that keeps what it gets. */
export const TOKEN = "fake-token-abcdefghijkl";

export interface Provider {
  readonly url: string;
  readonly host: string;
  /** Requests so far, as "METHOD /path". */
  readonly seen: string[];
  readonly sockets: Set<Socket>;
  /** How many connections there were. */
  connections(): number;
  close(): Promise<void>;
}

export async function startProvider(listener: RequestListener): Promise<Provider> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    listener(request, response);
  });
  return start(server, seen);
}

/** A server that answers every request with the same bytes, or with what a function does to the socket. */
export async function startRawProvider(answer: string | ((socket: Socket, count: number) => void)): Promise<Provider> {
  const seen: string[] = [];
  const server = createRawServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (data) => {
      if (!/^[A-Z]+ \S+ HTTP/.test(data.toString("latin1"))) return;
      seen.push(data.toString("latin1").split(" HTTP")[0] ?? "");
      if (typeof answer === "string") socket.write(answer, "latin1");
      else answer(socket, seen.length);
    });
  });
  return start(server, seen);
}

async function start(server: Server | RawServer, seen: string[]): Promise<Provider> {
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on("connection", (socket: Socket) => {
    connections++;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${host}`,
    host,
    seen,
    sockets,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Waits are noted instead of waited for; time goes on by them alone. */
export interface TestEgress extends Egress {
  readonly waits: number[];
}

export function testEgress(limits: Partial<EgressLimits> = {}, options: Partial<EgressOptions> = {}): TestEgress {
  const waits: number[] = [];
  let now = 0;
  const egress = createEgress({
    allowLoopback: true,
    limits: { ...DEFAULT_EGRESS_LIMITS, ...limits },
    random: () => 0.5,
    now: () => now,
    sleep: (ms) => {
      waits.push(ms);
      now += ms;
      return Promise.resolve();
    },
    ...options,
  });
  return { ...egress, waits };
}

export interface Received {
  status: number;
  headers: Record<string, string | string[]>;
  chunks: Buffer[];
  outcome: EgressOutcome;
  readonly text: string;
}

export function request(url: string, fields: Partial<EgressRequest> = {}): EgressRequest {
  return {
    method: "GET",
    url: new URL(url),
    headers: [["authorization", `Bearer ${TOKEN}`]],
    credentialHeaders: ["authorization"],
    credentialQuery: [],
    body: null,
    contentLength: null,
    allows: compileAllowedHosts([]),
    matcher: secretMatcher([TOKEN]),
    redirect: "follow",
    ...fields,
  };
}

export interface CollectingSink extends EgressSink {
  status: number;
  headers: Record<string, string | string[]>;
  readonly chunks: Buffer[];
}

export function collectingSink(onChunk: (chunk: Buffer) => void = () => undefined): CollectingSink {
  const sink: CollectingSink = {
    status: 0,
    headers: {},
    chunks: [],
    onHeaders(status, headers) {
      sink.status = status;
      sink.headers = headers;
    },
    onData(chunk) {
      sink.chunks.push(chunk);
      onChunk(chunk);
      return true;
    },
  };
  return sink;
}

export async function send(
  egress: Egress,
  url: string,
  fields: Partial<EgressRequest> = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<Received> {
  const sink = collectingSink();
  const outcome = await egress.send(request(url, fields), sink, signal);
  return {
    status: sink.status,
    headers: sink.headers,
    chunks: sink.chunks,
    outcome,
    text: Buffer.concat(sink.chunks).toString(),
  };
}
