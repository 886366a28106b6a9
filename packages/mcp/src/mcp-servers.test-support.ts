import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { Client as Client2, StreamableHTTPClientTransport as Transport2 } from "@modelcontextprotocol/client";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { Client as Client1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as Transport1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { McpServer as Server1 } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { UrlElicitationRequiredError as Required1 } from "@modelcontextprotocol/sdk/types.js";
import {
  createMcpHandler,
  McpServer as Server2,
  UrlElicitationRequiredError as Required2,
} from "@modelcontextprotocol/server";
import { registerVaultTool, type VaultMcpToolOptions } from "./index.ts";

/** Servers of both versions of the SDK, each with one tool, behind an authentication that believes every token. */
export interface McpServers {
  readonly url: { readonly v1: string; readonly v2: string };
  close(): Promise<void>;
}

interface Authenticated extends IncomingMessage {
  auth?: unknown;
}

export async function startMcpServers(tool: VaultMcpToolOptions<never>): Promise<McpServers> {
  const sessions = new Map<string, StreamableHTTPServerTransport>();

  async function handle1(request: IncomingMessage, response: ServerResponse, body: unknown): Promise<void> {
    let transport = sessions.get(String(request.headers["mcp-session-id"]));
    if (!transport) {
      const made: StreamableHTTPServerTransport = new StreamableHTTPServerTransport({
        sessionIdGenerator: () => randomUUID(),
        onsessioninitialized: (id) => void sessions.set(id, made),
      });
      transport = made;
      const server = new Server1({ name: "notes", version: "1" });
      registerVaultTool(server, { ...tool, UrlElicitationRequiredError: Required1 });
      await server.connect(transport as never);
    }
    await transport.handleRequest(request as never, response, body);
  }

  const handle2 = toNodeHandler(
    createMcpHandler(() => {
      const server = new Server2({ name: "notes", version: "1" });
      registerVaultTool(server, { ...tool, UrlElicitationRequiredError: Required2 });
      return server;
    }),
  );

  async function serve(request: Authenticated, response: ServerResponse): Promise<void> {
    const token = request.headers.authorization?.replace("Bearer ", "");
    if (token !== undefined) request.auth = { token, clientId: "fake-client", scopes: [], expiresAt: 9e9, extra: {} };
    const read = await text(request);
    const body: unknown = read === "" ? undefined : JSON.parse(read);
    if (request.url === "/v1") await handle1(request, response, body);
    else await handle2(request as never, response as never, body);
  }

  const server: Server = createServer((request, response) => void serve(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: { v1: `${base}/v1`, v2: `${base}/v2` },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export interface CallResult {
  readonly content?: readonly { readonly text?: string }[];
  readonly isError?: boolean;
}

export interface ClientOptions {
  readonly token?: string | undefined;
  readonly headers?: Record<string, string> | undefined;
  /** What the user does with a link; undefined for a client that opens none. */
  readonly onLink?: ((url: string) => "accept" | "decline" | Promise<"accept" | "decline">) | undefined;
}

type CallTool = (text: string, meta?: Record<string, unknown>, signal?: AbortSignal) => Promise<CallResult>;

/** A client and a server, and how a tool of it is called. */
export interface Pair {
  readonly era: "2025" | "2026";
  readonly connect: (servers: McpServers, options: ClientOptions) => Promise<CallTool>;
}

const headersOf = ({ token, headers }: ClientOptions): Record<string, string> => ({
  ...headers,
  ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
});
const capabilitiesOf = ({ onLink }: ClientOptions): object =>
  onLink === undefined ? {} : { capabilities: { elicitation: { url: {} } } };
const IMPLEMENTATION = { name: "test", version: "1" };

const connect1 =
  (at: "v1" | "v2"): Pair["connect"] =>
  async ({ url }, options) => {
    const client = new Client1(IMPLEMENTATION, capabilitiesOf(options));
    await client.connect(new Transport1(new URL(url[at]), { requestInit: { headers: headersOf(options) } }) as never);
    return async (given, _meta, signal) =>
      (await client.callTool(
        { name: "post", arguments: { text: given }, ...(_meta && { _meta }) },
        undefined,
        signal && { signal },
      )) as CallResult;
  };

const connect2: Pair["connect"] = async ({ url }, options) => {
  const settings = { ...capabilitiesOf(options), versionNegotiation: { mode: "auto" } };
  const client = new Client2(IMPLEMENTATION, settings as never);
  const { onLink } = options;
  if (onLink) {
    client.setRequestHandler("elicitation/create", async (request) => ({
      action: await onLink(String((request.params as { url?: string }).url)),
    }));
  }
  await client.connect(new Transport2(new URL(url.v2), { requestInit: { headers: headersOf(options) } }));
  return async (given, _meta, signal) =>
    (await client.callTool(
      { name: "post", arguments: { text: given }, ...(_meta && { _meta }) } as never,
      signal && { signal },
    )) as CallResult;
};

export const PAIRS: Readonly<Record<string, Pair>> = {
  "server v1, client v1": { era: "2025", connect: connect1("v1") },
  "server v2, client v1": { era: "2025", connect: connect1("v2") },
  "server v2, client v2": { era: "2026", connect: connect2 },
};
