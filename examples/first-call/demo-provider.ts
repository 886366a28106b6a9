import { createHash } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * A provider for the demo: a calendar that lets nobody in without the right bearer token, and that, as some real ones do,
 * sends back the headers it got.
 */
export interface DemoProvider {
  readonly origin: string;
  /** What arrived: never the token itself, only whether it was the right one. */
  readonly seen: readonly SeenCall[];
  close(): Promise<void>;
}

export interface SeenCall {
  readonly method: string;
  readonly path: string;
  readonly authorized: boolean;
  readonly alterHeaders: readonly string[];
}

export async function startDemoProvider(token: string): Promise<DemoProvider> {
  const seen: SeenCall[] = [];
  const events = [{ id: "evt_1", title: "Stand-up", at: "09:30" }];
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      const authorized = sameToken(request.headers.authorization, `Bearer ${token}`);
      const alterHeaders = Object.keys(request.headers).filter((name) => name.startsWith("alter-"));
      seen.push({ method: request.method ?? "", path: request.url ?? "", authorized, alterHeaders });
      if (!authorized) return void response.writeHead(401).end();
      if (request.method === "POST")
        events.push({ id: `evt_${events.length + 1}`, ...(JSON.parse(body) as { title: string; at: string }) });
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ events, you_sent: { authorization: request.headers.authorization } }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request) body += String(chunk);
  return body;
}

function sameToken(given: string | undefined, expected: string): boolean {
  const digest = (text: string): string => createHash("sha256").update(text).digest("hex");
  return given !== undefined && digest(given) === digest(expected);
}
