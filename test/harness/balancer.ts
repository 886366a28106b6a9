import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { joinSockets } from "./join-sockets.ts";

/** What operators put before replicas: asks each whether it is ready, and sends connections to those that are. */
export interface Balancer {
  readonly url: string;
  close(): Promise<void>;
}

const ASK_EVERY_MS = 100;

export async function startBalancer(ports: readonly number[]): Promise<Balancer> {
  const ready = new Set<number>();
  const open = new Set<Socket>();
  let turn = 0;
  const ask = async (port: number): Promise<void> => {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null);
    if (answer?.ok) ready.add(port);
    else ready.delete(port);
    await answer?.body?.cancel();
  };
  const asking = setInterval(() => ports.forEach((port) => void ask(port)), ASK_EVERY_MS);
  await Promise.all(ports.map(ask));

  const server = createServer((client) => {
    const among = ports.filter((port) => ready.has(port));
    const port = among[turn++ % among.length];
    if (port === undefined) return client.destroy();
    const replica = connect({ port, host: "127.0.0.1", noDelay: true });
    joinSockets(client, replica, open);
    return client;
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      clearInterval(asking);
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
