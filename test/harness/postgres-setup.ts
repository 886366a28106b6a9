import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { env } from "node:process";
import type { TestProject } from "vitest/node";
import { startPostgres, type TestPostgres } from "./postgres.ts";

/**
 * One PostgreSQL for a run of the tests: the one at DATABASE_URL, else one of our own. It is started when the first test
 * asks for it, so that a run that needs none does not wait for one; the answer to the asking is its address.
 */
declare module "vitest" {
  interface ProvidedContext {
    /** Where the address of the server is to be had. */
    postgresAt: string;
  }
}

interface Shared {
  readonly at: string;
  users: number;
  stop(): Promise<void>;
}

/** Every project of a run loads this file for itself. */
const shared = globalThis as { alterVaultTestPostgres?: Promise<Shared> };

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await (shared.alterVaultTestPostgres ??= offerPostgres());
  server.users++;
  project.provide("postgresAt", server.at);
  return async () => {
    if (--server.users === 0) await server.stop();
  };
}

async function offerPostgres(): Promise<Shared> {
  let started: Promise<TestPostgres> | null = null;
  const url = async (): Promise<string> => env["DATABASE_URL"] || (await (started ??= startPostgres())).url;
  const server = createServer((_request, response) => {
    url().then(
      (text) => response.end(text),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    at: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    users: 0,
    async stop() {
      server.closeAllConnections();
      server.close();
      if (started) await (await started).stop();
    },
  };
}
