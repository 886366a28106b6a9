/**
 * Every provider of the catalogue at once, on one port of this machine. The Host header says which one is meant, so that
 * the vault under test uses the catalogue's own https URLs; what opens its connections leads them here.
 *
 * It trusts the entry and nothing else. What the vault sends is held against the entry, part by part: a parameter that is
 * missing, wrong or too many is answered as the provider would, and kept as a violation for the test to fail on. Tokens
 * are fresh, live and die by the entry's rules, on a clock that is handed in; the answers are those of the fixtures. It
 * knows nothing of the vault.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { findProvider, type Provider } from "@alter-vault/providers";
import type { buildConnector } from "undici";
import { answerRequest } from "./answer-request.ts";
import type { ApiCall } from "./api-endpoint.ts";
import type { Code } from "./authorize-endpoint.ts";
import { Check } from "./check.ts";
import { connectionOpener } from "./connection-opener.ts";
import type { EndpointName } from "./endpoints.ts";
import { readIncoming, type Incoming } from "./incoming.ts";
import { createRegistration, type Registration } from "./registration.ts";
import { jsonReply, type Reply } from "./reply.ts";
import { troubleReply } from "./trouble.ts";
import { whoIsMeant } from "./who-is-meant.ts";

export interface Violation {
  readonly provider: string;
  readonly endpoint: EndpointName | "unknown";
  readonly problem: string;
}

export interface SeenRequest {
  readonly provider: string;
  readonly endpoint: EndpointName;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  /** Of the answer; 0 when there was none. */
  readonly status: number;
}

export interface FakeProvider {
  readonly port: number;
  /** For whoever opens the connections of the vault. */
  readonly connect: buildConnector.connector;
  /** The app's registration at a provider; made when it is asked for first, with these values of variables. */
  at(provider: string | Provider, variables?: Readonly<Record<string, string>>): Registration;
  /** Everything that reached an endpoint, in order. */
  readonly requests: SeenRequest[];
  readonly apiCalls: ApiCall[];
  readonly violations: Violation[];
  /** Throws with everything that was wrong about what one provider was sent. */
  expectNoViolations(provider?: string): void;
  close(): Promise<void>;
}

export interface FakeProviderOptions {
  /** Where browsers are sent back to; asked for when an app is registered. */
  readonly callbackUrl: () => string;
  /** Milliseconds since 1970. Default: the real clock. */
  readonly now?: () => number;
}

export async function startFakeProvider({ callbackUrl, now = Date.now }: FakeProviderOptions): Promise<FakeProvider> {
  const registrations = new Map<string, Registration>();
  const codes = new Map<string, Code>();
  const requests: SeenRequest[] = [];
  const apiCalls: ApiCall[] = [];
  const violations: Violation[] = [];

  async function reply(incoming: Incoming): Promise<Reply> {
    const found = whoIsMeant([...registrations.values()], incoming);
    if (!found) {
      const problem = `nobody is at ${incoming.method} https://${incoming.host}${incoming.path}`;
      violations.push({ provider: "unknown", endpoint: "unknown", problem });
      return jsonReply(404, { error: problem });
    }
    const { registration, endpoint } = found;
    const { behaviour, provider } = registration;
    const isToken =
      endpoint === "code" || endpoint === "refresh" || endpoint === "long-lived" || endpoint === "installation";
    if (isToken && behaviour.delayMs > 0) await sleep(behaviour.delayMs);
    const trouble = isToken ? behaviour.tokenTrouble.shift() : undefined;
    const { check, reply } =
      trouble && trouble !== "lost"
        ? { check: new Check(), reply: troubleReply(registration, trouble) }
        : answerRequest({ registration, endpoint, incoming, now: now(), codes, apiCalls });
    const said = trouble === "lost" ? "drop" : reply;
    if ((incoming.headers["user-agent"] ?? "") === "") check.fail("has no User-Agent");
    for (const problem of check.problems) violations.push({ provider: provider.id, endpoint, problem });
    const { method, host, path } = incoming;
    const status = typeof said === "string" ? 0 : said.status;
    requests.push({ provider: provider.id, endpoint, method, host, path, status });
    return said;
  }

  async function listener(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const said = await reply(await readIncoming(request));
    if (said === "drop") request.socket.destroy();
    else if (said !== "hang") response.writeHead(said.status, said.headers).end(said.body);
  }

  const server = createServer({ keepAliveTimeout: 30_000 }, (request, response) => {
    listener(request, response).catch((error: unknown) => {
      violations.push({ provider: "unknown", endpoint: "unknown", problem: `the fake broke: ${String(error)}` });
      response.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    connect: connectionOpener(port),
    at(given, variables = {}) {
      const id = typeof given === "string" ? given : given.id;
      const known = registrations.get(id);
      if (known) return known;
      const provider = typeof given === "string" ? findProvider(given) : given;
      if (!provider) throw new Error(`there is no provider ${id}`);
      const made = createRegistration({ provider, callbackUrl: callbackUrl(), variables, now });
      registrations.set(id, made);
      return made;
    },
    requests,
    apiCalls,
    violations,
    expectNoViolations(id) {
      const wrong = violations.filter(({ provider }) => id === undefined || provider === id || provider === "unknown");
      if (wrong.length === 0) return;
      throw new Error(wrong.map((one) => `${one.provider}, ${one.endpoint}: ${one.problem}`).join("\n"));
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
