import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A provider on this machine: an issue tracker that answers nobody without the right bearer token. */
export interface ExampleProvider {
  readonly origin: string;
  /** The calls it answered, as in `GET /repos/acme/website/issues`. */
  readonly answered: readonly string[];
  close(): Promise<void>;
}

export async function startExampleProvider(token: string): Promise<ExampleProvider> {
  const answered: string[] = [];
  const server = createServer(({ method, url, headers }, response) => {
    if (headers.authorization !== `Bearer ${token}`) return void response.writeHead(401).end();
    answered.push(`${method} ${url}`);
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify([{ type: "issue", number: 7, title: "The door is stuck" }]));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answered,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
