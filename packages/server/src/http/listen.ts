import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Config } from "../config.ts";
import { ERROR_CODES, makeProblem } from "@alter-vault/protocol";
import type { RequestListener } from "./app.ts";

/** The listening socket: TLS 1.3 with the operator's certificate, or plain HTTP on loopback or behind a proxy. */
export interface Listening {
  readonly url: string;
  /** Takes no new connections; resolves when the open calls are through, or after `ms`, when it cuts them. */
  stop(ms: number): Promise<void>;
}

export async function listen(config: Config, app: RequestListener): Promise<Listening> {
  const options = {
    maxHeaderSize: config.limits.headerBytes,
    headersTimeout: 15_000,
    // Large uploads take as long as they take; a silent one is ended by the socket's own timeout.
    requestTimeout: 0,
    keepAliveTimeout: 75_000,
    noDelay: true,
    requireHostHeader: true,
    insecureHTTPParser: false,
  };
  const server = config.tls
    ? createTlsServer(
        { ...options, cert: config.tls.cert, key: config.tls.key, minVersion: "TLSv1.3", ALPNProtocols: ["http/1.1"] },
        app,
      )
    : createServer(options, app);
  server.setTimeout(config.limits.idleTimeoutMs + 30_000);
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (socket.writable && !socket.destroyed) socket.end(rawRefusal(error.code));
    else socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(config.port, config.host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;
  const host = config.host.includes(":") ? `[${config.host}]` : config.host;
  return { url: `${config.tls ? "https" : "http"}://${host}:${port}`, stop: (ms) => stop(server, ms) };
}

function stop(server: Server, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), ms);
    // A connection that is kept alive becomes idle when its call is through, and would hold up the stop from then on.
    const sweep = setInterval(() => server.closeIdleConnections(), 20);
    server.close(() => {
      clearTimeout(cut);
      clearInterval(sweep);
      resolve();
    });
    server.closeIdleConnections();
  });
}

/** What did not even parse as HTTP still gets a named answer. */
function rawRefusal(code: string | undefined): string {
  const oversized = code === "HPE_HEADER_OVERFLOW";
  const problem = oversized
    ? makeProblem("body_too_large", "the headers are over the limit")
    : makeProblem("invalid_request", "this is not valid HTTP");
  const status = oversized
    ? "431 Request Header Fields Too Large"
    : `${ERROR_CODES.invalid_request.status} Bad Request`;
  const body = JSON.stringify(problem);
  return `HTTP/1.1 ${status}\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nalter-outcome: vault\r\nconnection: close\r\n\r\n${body}`;
}
