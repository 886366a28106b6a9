import type { ForwardHeaders } from "@alter-vault/protocol";
import { AlterValueError } from "./errors.ts";
import { encodeLiteralTarget } from "./target.ts";

/** A request as the AWS SDK for JavaScript hands it to its request handler. Structural, so no AWS package is needed. */
export interface AwsHttpRequest {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number | undefined;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | string[] | null>> | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface SigningScope {
  readonly region?: string;
  readonly service?: string;
}

/**
 * What the client's own signature, or the vault's, brings anew, and what is of the connection. All other `x-amz-*`
 * headers say something about the call and stay.
 */
const DROPPED: ReadonlySet<string> = new Set([
  "authorization",
  "connection",
  "content-length",
  "date",
  "expect",
  "host",
  "transfer-encoding",
  "x-amz-date",
  "x-amz-region-set",
  "x-amz-security-token",
]);

export function awsHeaders(headers: Readonly<Record<string, string>>): ForwardHeaders {
  return Object.entries(headers)
    .map(([name, value]): [string, string] => [name.toLowerCase(), String(value)])
    .filter(([name]) => !DROPPED.has(name));
}

/** The value of a header of the client, whatever its case. */
export function awsHeader(headers: Readonly<Record<string, string>>, wanted: string): string | undefined {
  return Object.entries(headers).find(([name]) => name.toLowerCase() === wanted)?.[1];
}

const SCOPE = /^AWS4-HMAC-SHA256 Credential=[^/,\s]+\/\d{8}\/([^/,\s]+)\/([^/,\s]+)\/aws4_request,/;

/** Region and service out of the signature that the client made with its placeholder keys. Empty when it did not sign. */
export function signingScope(headers: Readonly<Record<string, string>>): SigningScope {
  const authorization = awsHeader(headers, "authorization");
  if (authorization === undefined) return {};
  const [, region, service] = SCOPE.exec(authorization) ?? [];
  if (region !== undefined && service !== undefined) return { region, service };
  throw new AlterValueError(
    "The AWS client signs in a way the vault does not: only SigV4 with a region is. Multi-region access points and bearer tokens are not.",
  );
}

/** The URL of the request, its path and query encoded as the client means them. */
export function awsTarget({ protocol, hostname, port, path, query }: AwsHttpRequest): string {
  const pairs: string[] = [];
  for (const name of Object.keys(query ?? {}).toSorted()) {
    const value = query?.[name];
    const values = Array.isArray(value) ? value : [value];
    for (const one of values) pairs.push(typeof one === "string" ? `${escape(name)}=${escape(one)}` : escape(name));
  }
  const authority = port === undefined ? hostname : `${hostname}:${port}`;
  const search = pairs.length === 0 ? "" : `?${pairs.join("&")}`;
  return encodeLiteralTarget(`${protocol}//${authority}${path}${search}`);
}

/** RFC 3986, which is what signatures are over. */
function escape(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
