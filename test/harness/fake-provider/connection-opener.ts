import { createConnection } from "node:net";
import type { buildConnector } from "undici";

/** Opens a plain socket to one port of this machine, whatever origin is wanted: TLS and names are left out. */
export function connectionOpener(port: number): buildConnector.connector {
  return (_options, done) => {
    const socket = createConnection({ host: "127.0.0.1", port, noDelay: true });
    socket.once("error", (error) => done(error, null));
    socket.once("connect", () => done(null, socket));
  };
}
