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

/** Every value of a request that may tell whose it is, decoded: parameters, parts of the path, headers, both of Basic. */
export function valuesOf({ path, query, headers, form, json }: Incoming): ReadonlySet<string> {
  const [scheme, credential = ""] = (headers["authorization"] ?? "").split(" ");
  const clear = scheme === "Basic" ? Buffer.from(credential, "base64").toString() : credential;
  const flat = typeof json === "object" && json !== null ? Object.values(json).map(String) : [];
  return new Set([
    ...path.split("/").map(decodeURIComponent),
    ...query.values(),
    ...Object.values(headers),
    ...clear.split(":").map((part) => new URLSearchParams(`x=${part}`).get("x") ?? ""),
    ...(form?.values() ?? []),
    ...flat,
  ]);
}
