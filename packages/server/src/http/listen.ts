import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Server as NetServer, Socket } from "node:net";
import type { Config } from "../config.ts";
import { ERROR_CODES, makeProblem } from "@alter-vault/protocol";
import type { RequestListener } from "./app.ts";

/** Where calls come in: TLS 1.3 with the operator's certificate, or plain HTTP on loopback or behind a proxy. */
export interface Listening {
  readonly url: string;
  /** Takes no new connections; resolves when the open calls are through, or after `ms`, when it cuts them. */
  stop(ms: number): Promise<void>;
}

export type Address = Pick<Config, "host" | "port" | "tls">;

/** Where another process takes the connections and hands them over. */
export interface ConnectionSource {
  readonly url: string;
  onConnection(listener: (connection: Socket) => void): void;
  /** Asks for no more of them. */
  close(): void;
}

export async function listen(config: Config, app: RequestListener): Promise<Listening> {
  const server = createHttpServer(config, app);
  const url = await listenOn(server, config);
  return {
    url,
    stop: (ms) => untilThrough(server, ms, (done) => void server.close(done)),
  };
}

/** Answers on connections that come from elsewhere. */
export function takeConnections(config: Config, app: RequestListener, source: ConnectionSource): Listening {
  const server = createHttpServer(config, app);
  const open = new Set<Socket>();
  let onNone: (() => void) | null = null;
  // What a server does from that moment on, such as ending requests that do not come, it would never begin.
  server.emit("listening");
  source.onConnection((connection) => {
    open.add(connection);
    connection.once("close", () => {
      open.delete(connection);
      if (open.size === 0) onNone?.();
    });
    // As a server that listens makes them.
    connection.allowHalfOpen = true;
    connection.setNoDelay(true);
    server.emit("connection", connection);
  });
  return {
    url: source.url,
    async stop(ms) {
      source.close();
      await untilThrough(server, ms, (done) => {
        onNone = done;
        if (open.size === 0) done();
      });
      server.close();
    },
  };
}

/** Resolves with the address of a server that listens. */
export async function listenOn(server: NetServer, { host, port, tls }: Address): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const { port: found } = server.address() as AddressInfo;
  return `${tls ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${found}`;
}

function createHttpServer(config: Config, app: RequestListener): Server {
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
  return server;
}

function untilThrough(server: Server, ms: number, wait: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), ms);
    // A connection that is kept alive becomes idle when its call is through, and would hold up the stop from then on.
    const sweep = setInterval(() => server.closeIdleConnections(), 20);
    wait(() => {
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
