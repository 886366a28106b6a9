import type { ProxyMethod } from "@alter-vault/protocol";
import type { PolicyFacts } from "../facts.ts";
import { readBodyFacts } from "./body.ts";
import { nameCall, type Catalogued } from "./operation.ts";
import { foldPath, readPath } from "./path.ts";
import { carriesCalls, standsForAnother } from "./other-calls.ts";
import { readQuery } from "./query.ts";

/** The call itself: what is sent where. */
export interface Target {
  readonly method: ProxyMethod;
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: readonly (readonly [string, string])[];
  /** Null: a stream, or not sent through the vault. */
  readonly body: Buffer | null;
  /** Whether any rule looks into the body. */
  readonly readsBody: boolean;
  /** What the catalogue says about the provider; null for a credential it does not know. */
  readonly provider: Catalogued | null;
}

type TargetFacts = Pick<
  PolicyFacts,
  "method" | "host" | "port" | "path" | "foldedPath" | "query" | "body" | "operation" | "foldedOperation" | "access"
>;

export function readTarget({ method, url, headers, body, readsBody, provider }: Target): TargetFacts {
  const query = readQuery(url.search);
  const host = url.hostname;
  const read = readPath(url.pathname);
  const isCarrier = read !== null && carriesCalls(host, read);
  const path = isCarrier ? null : read;
  const foldedPath = path && foldPath(path);
  const said = isCarrier || standsForAnother({ method, host, query, headers, body }) ? null : method;
  return {
    method: said,
    host,
    port: url.port === "" ? (url.protocol === "http:" ? 80 : 443) : Number(url.port),
    path,
    foldedPath,
    query,
    body: readBodyFacts(readsBody ? body : null, headers),
    ...nameCall(provider, { method: said, host, path, foldedPath }),
  };
}
