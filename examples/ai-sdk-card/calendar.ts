import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** Where the vault asks, and the app in its name, as any calendar with OAuth has it. Its users need no password. */
export interface Calendar {
  readonly origin: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** How often the events were read. */
  readonly reads: () => number;
  close(): Promise<void>;
}

/** What the vault is told about it. */
export const CALENDAR_ENTRY: string = JSON.stringify({
  id: "calendar",
  name: "Calendar",
  category: "productivity",
  description: "The calendar of this example",
  kind: "oauth2",
  docs: { oauth: "https://calendar.example/docs" },
  sources: ["https://calendar.example/docs"],
  verifiedOn: "2026-01-01",
  verified: "not",
  variables: {
    server: { label: "Server", kind: "base-url", from: "operator", example: "https://calendar.example" },
    api_host: { label: "API host", kind: "host", from: "operator", example: "calendar.example" },
  },
  authorize: { url: "{server}/authorize", pkce: "supported" },
  token: { url: "{server}/token", clientAuth: "post", lifetimeSeconds: 3600 },
  refresh: { supported: false, reason: "This example is over before a token is." },
  revoke: { style: "none", reason: "This example is over before a token is." },
  identity: { from: "call", call: { url: "{server}/me" }, id: ["/id"], account: "/id" },
  api: { baseUrl: "https://{api_host}", hosts: ["{api_host}"] },
  fixtures: {
    token: { json: { access_token: "fake-token", token_type: "bearer" } },
    identity: { json: { id: "1" } },
  },
});

const ALLOW = `<!doctype html><html lang="en"><title>Calendar</title>
<form method="post"><p>May Alter Vault see your events?</p><button>Allow</button></form>`;

export async function startCalendar(): Promise<Calendar> {
  const clientSecret = `fake-secret-${randomBytes(12).toString("hex")}`;
  const token = `fake-token-${randomBytes(12).toString("hex")}`;
  const codes = new Set<string>();
  let reads = 0;

  function authorize(request: IncomingMessage, url: URL, response: ServerResponse): void {
    if (request.method !== "POST") return void response.writeHead(200, { "content-type": "text/html" }).end(ALLOW);
    const code = `fake-code-${randomBytes(12).toString("hex")}`;
    codes.add(code);
    const back = new URL(url.searchParams.get("redirect_uri") ?? "");
    back.searchParams.set("code", code);
    back.searchParams.set("state", url.searchParams.get("state") ?? "");
    response.writeHead(303, { location: back.href }).end();
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://calendar.example");
    if (url.pathname === "/authorize") return authorize(request, url, response);
    if (url.pathname === "/token") {
      const form = new URLSearchParams(await text(request));
      const isRight = form.get("client_secret") === clientSecret && codes.delete(form.get("code") ?? "");
      return isRight
        ? answer(response, 200, { access_token: token, token_type: "bearer", expires_in: 3600 })
        : answer(response, 400, { error: "invalid_grant" });
    }
    if (request.headers.authorization !== `Bearer ${token}`) return answer(response, 401, {});
    if (url.pathname === "/me") return answer(response, 200, { id: "ada@example.com" });
    reads += 1;
    answer(response, 200, [{ title: "Lunch with Bob" }]);
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.writeHead(400).end());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    clientId: "fake-client",
    clientSecret,
    reads: () => reads,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
