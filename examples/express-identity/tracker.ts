import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** The service the agents work with: an issue tracker where each token opens the issues of one person. */
export interface Tracker {
  readonly origin: string;
  /** Whose issues were read, in order. */
  readonly readBy: readonly string[];
  close(): Promise<void>;
}

export interface Account {
  readonly owner: string;
  readonly token: string;
  readonly issues: readonly string[];
}

export async function startTracker(accounts: readonly Account[]): Promise<Tracker> {
  const readBy: string[] = [];
  const server = createServer(({ headers }, response) => {
    const account = accounts.find(({ token }) => headers.authorization === `Bearer ${token}`);
    if (!account) return void response.writeHead(401).end();
    readBy.push(account.owner);
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(account.issues));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    readBy,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
