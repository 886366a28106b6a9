import type { ProxyMethod } from "@alter-vault/protocol";
import type { PolicyFacts } from "../facts.ts";
import { readBodyFacts } from "./body.ts";
import { nameCall, type Catalogued } from "./operation.ts";
import { readPath } from "./path.ts";
import { namesMethod, readQuery } from "./query.ts";

/** The call itself: what is sent where. */
export interface Target {
  readonly method: ProxyMethod;
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: readonly (readonly [string, string])[];
  /** Null: a stream, or a body that no rule looks into. */
  readonly body: Buffer | null;
  /** What the catalogue says about the provider; null for a credential it does not know. */
  readonly provider: Catalogued | null;
}

type TargetFacts = Pick<PolicyFacts, "method" | "host" | "port" | "path" | "query" | "body" | "operation" | "access">;

export function readTarget({ method, url, headers, body, provider }: Target): TargetFacts {
  const query = readQuery(url.search);
  const said = namesMethod(query) ? null : method;
  const path = readPath(url.pathname);
  const host = url.hostname;
  return {
    method: said,
    host,
    port: url.port === "" ? (url.protocol === "http:" ? 80 : 443) : Number(url.port),
    path,
    query,
    body: readBodyFacts(body, headers),
    ...nameCall(provider, { method: said, host, path }),
  };
}
