import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { serveParent } from "./processes/parent.ts";
import { UPSTREAM_BODY, UPSTREAM_TOKEN } from "./systems/system.ts";

/** The upstream where nginx is not installed: it answers whoever brings the token, and 401 to everybody else. */
const body = Buffer.from(UPSTREAM_BODY);

const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
  const isKnown = request.headers.authorization === `Bearer ${UPSTREAM_TOKEN}`;
  const answer = isKnown ? body : Buffer.from("{}");
  response.writeHead(isKnown ? 200 : 401, { "content-type": "application/json", "content-length": answer.length });
  response.end(answer);
});

server.listen(0, "127.0.0.1", () => serveParent({ port: (server.address() as AddressInfo).port }, {}));
