import { once } from "node:events";
import type { RequestListener } from "node:http";
import { get as getOverTls } from "node:https";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { loadConfig, type Config } from "../config.ts";
import { der, selfSigned } from "../egress/self-signed.test-support.ts";
import { takeConnections, type Listening } from "./listen.ts";

/* A server that does not listen itself does all that one does that listens. */
let front: Server;
let listening: Listening;
afterEach(async () => {
  await listening.stop(100);
  front.close();
});

async function start(app: RequestListener, over: Partial<Config> = {}): Promise<number> {
  const config = { ...loadConfig("dev", {}, {}), ...over };
  let take: (connection: Socket) => void = () => undefined;
  front = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (connection) => take(connection));
  listening = takeConnections(config, app, {
    url: "http://elsewhere",
    onConnection(listener) {
      take = (connection) => {
        listener(connection);
        connection.resume();
      };
    },
    close: () => void front.close(),
  });
  await once(front.listen(0, "127.0.0.1"), "listening");
  return (front.address() as AddressInfo).port;
}

const GET = "GET / HTTP/1.1\r\nhost: x\r\n";

test("the stop ends idle connections at once, waits for open calls, and cuts them when it takes too long", async () => {
  const port = await start((request, response) => void (request.url === "/" && response.end("done")));
  const [idle, open] = [connect(port, "127.0.0.1"), connect(port, "127.0.0.1")];
  idle.write(`${GET}\r\n`);
  await once(idle, "data");
  open.write("GET /never HTTP/1.1\r\nhost: x\r\n\r\n");
  await sleep(50);
  const from = performance.now();
  const ended = Promise.all([idle, open].map((socket) => once(socket.resume(), "close").then(() => performance.now())));
  await listening.stop(400);
  const [idleEnded = 0, openEnded = 0] = await ended;
  expect(idleEnded - from).toBeLessThan(300);
  expect(openEnded - from).toBeGreaterThan(300);
});

test("TLS is as it would be", async () => {
  const { key, cert } = selfSigned("vault.test", der(0x87, "7f000001"));
  const tls = { key: Buffer.from(key), cert: Buffer.from(cert) };
  const port = await start((_request, response) => response.end("sealed"), { tls });
  const asking = getOverTls({ port, host: "127.0.0.1", ca: cert, agent: false });
  const [answer] = (await once(asking, "response")) as [Parameters<typeof text>[0]];
  expect(await text(answer)).toBe("sealed");
});
