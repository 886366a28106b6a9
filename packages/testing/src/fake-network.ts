import { createServer } from "node:http";
import { createConnection, type AddressInfo, type Socket } from "node:net";
import type { FakeApiServer } from "./fake-api.ts";
import type { FakeIdp } from "./fake-idp.ts";

interface FakeNetwork {
  /** Opens a connection for the vault, whatever it wants to reach: TLS and names are left out. */
  readonly connect: (options: unknown, done: (...result: [null, Socket] | [Error, null]) => void) => void;
  close(): Promise<void>;
}

/** One port of this machine, to which every connection of the vault leads; the Host header says who is meant. */
export async function startFakeNetwork(apis: ReadonlyMap<string, FakeApiServer>, idp: FakeIdp): Promise<FakeNetwork> {
  const server = createServer((request, response) => {
    if (request.headers.host === idp.host) return idp.serve(request.url ?? "", response);
    const api = [...apis.values()].find(({ hosts }) => hosts.includes(request.headers.host ?? ""));
    if (!api) return void response.writeHead(502).end("no such provider in this test");
    api.serve(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    connect: (_options, done) => {
      const socket = createConnection({ host: "127.0.0.1", port, noDelay: true });
      socket.once("error", (error) => done(error, null));
      socket.once("connect", () => done(null, socket));
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
