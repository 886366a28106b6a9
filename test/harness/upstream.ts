import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A provider on loopback that remembers what reached it. */
export interface Upstream {
  readonly origin: string;
  readonly host: string;
  readonly calls: UpstreamCall[];
  close(): Promise<void>;
}

export interface UpstreamCall {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

export type Answer = (call: UpstreamCall, response: ServerResponse, request: IncomingMessage) => unknown;

/** Reads the whole body, remembers the call, then answers; by default with an echo of the call as JSON. */
export async function startUpstream(answer: Answer = echo): Promise<Upstream> {
  const calls: UpstreamCall[] = [];
  return listenUpstream(calls, (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const call = {
        method: request.method ?? "",
        url: request.url ?? "",
        headers: request.headers,
        body: Buffer.concat(chunks),
      };
      calls.push(call);
      answer(call, response, request);
    });
  });
}

/** For answers that start before the body is read, or that look at the raw stream. */
export function startRawUpstream(listener: RequestListener): Promise<Upstream> {
  return listenUpstream([], listener);
}

async function listenUpstream(calls: UpstreamCall[], listener: RequestListener): Promise<Upstream> {
  const server: Server = createServer({ keepAliveTimeout: 30_000 }, listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin: `http://${host}`,
    host,
    calls,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function echo({ method, url, headers, body }: UpstreamCall, response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify({ method, url, headers, body: body.toString() }));
}
