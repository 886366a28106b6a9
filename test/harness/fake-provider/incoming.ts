import type { IncomingMessage } from "node:http";

/** A request as it came over the wire, with its body read both ways a provider may want it. */
export interface Incoming {
  readonly method: string;
  /** In lower case, without a port: which provider is meant. */
  readonly host: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Of a form-encoded body; null for any other. */
  readonly form: URLSearchParams | null;
  /** Of a JSON body; undefined for any other. */
  readonly json: unknown;
}

export async function readIncoming(request: IncomingMessage): Promise<Incoming> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString();
  const host = (request.headers.host ?? "").replace(/:\d+$/, "").toLowerCase();
  const url = new URL(`https://${host || "nowhere.invalid"}${request.url ?? "/"}`);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) headers[name] = String(value);
  const type = headers["content-type"] ?? "";
  return {
    method: request.method ?? "",
    host,
    path: url.pathname,
    query: url.searchParams,
    headers,
    body,
    form: type.startsWith("application/x-www-form-urlencoded") ? new URLSearchParams(body) : null,
    json: /^application\/(?:[\w.+-]+\+)?json/.test(type) ? parseJson(body) : undefined,
  };
}

function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    // The check that wanted JSON says so.
    return undefined;
  }
}

/** Every text of a request that may tell whose it is: what it carries, and a Basic credential in clear. */
export function allTextOf({ path, query, headers, body }: Incoming): string {
  const basic = /^Basic (.+)$/.exec(headers["authorization"] ?? "")?.[1];
  const clear = basic === undefined ? "" : Buffer.from(basic, "base64").toString();
  return [path, query.toString(), ...Object.values(headers), clear, body, decodeURIComponentSafely(body)].join("\n");
}

function decodeURIComponentSafely(text: string): string {
  return [...new URLSearchParams(text).values()].join("\n");
}
