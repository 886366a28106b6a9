import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { argv } from "node:process";
import { Pool } from "undici";
import { serveParent } from "./processes/parent.ts";
import { UPSTREAM_TOKEN } from "./systems/system.ts";

/**
 * As little as a proxy in Node can do with what the vault is made of: node:http takes the call, undici passes it on, one
 * header is added. It knows nobody, decides nothing and writes nothing down. What the vault is beyond this, is the vault.
 */
const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "transfer-encoding",
  "host",
  "authorization",
  "content-length",
]);

const pool = new Pool(`http://127.0.0.1:${argv[2]}`, { connections: 256, pipelining: 1 });

function forward(request: IncomingMessage, response: ServerResponse): void {
  const headers = ["authorization", `Bearer ${UPSTREAM_TOKEN}`];
  for (const [name, value] of Object.entries(request.headers)) {
    if (typeof value === "string" && !HOP_BY_HOP.has(name)) headers.push(name, value);
  }
  const hasBody = request.method !== "GET" && request.method !== "HEAD";
  let missing = Number.NaN;
  pool.dispatch(
    {
      method: (request.method ?? "GET") as "GET",
      path: request.url ?? "/",
      headers,
      body: hasBody ? request : null,
    },
    {
      // undici takes a handler for one of an older kind when this is missing.
      onRequestStart() {},
      onResponseStart(_controller, status, received) {
        missing = Number(received["content-length"]);
        response.writeHead(status, received);
      },
      onResponseData(controller, chunk) {
        missing -= chunk.length;
        // The last byte: head and body leave in one write.
        if (missing === 0) response.end(chunk);
        else if (!response.write(chunk)) {
          controller.pause();
          response.once("drain", () => controller.resume());
        }
      },
      onResponseEnd() {
        if (!response.writableEnded) response.end();
      },
      onResponseError() {
        if (!response.headersSent) response.writeHead(502, { "content-length": 0 });
        response.end();
      },
    },
  );
}

const server = createServer({ keepAliveTimeout: 600_000 }, forward);
server.listen(0, "127.0.0.1", () => serveParent({ port: (server.address() as AddressInfo).port }, {}));
