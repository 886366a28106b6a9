import { decodeFormText } from "./query.ts";

/**
 * Ways to put one call into another, so that what arrives is not what is done: a name in query or body that stands for
 * another method, and addresses that take a list of calls. Of such a call neither method nor path says anything.
 */

/** Names with which frameworks let a call say another method than it has. */
const METHOD_NAMES = /^(?:_method|\$httpmethod|x-http-method(?:-override)?|x-method-override)$/i;
/** They take `method`, too. */
const META = /^graph\.(?:facebook|instagram)\.com$/;

type Headers = readonly (readonly [string, string])[];

interface Sent {
  readonly method: string;
  readonly host: string;
  readonly query: readonly (readonly [string, string])[] | null;
  readonly headers: Headers;
  /** Null: a stream, or not sent through the vault. */
  readonly body: Buffer | null;
}

export function standsForAnother({ method, host, query, headers, body }: Sent): boolean {
  const isSaid = (name: string): boolean => METHOD_NAMES.test(name) || (META.test(host) && /^method$/i.test(name));
  if (query?.some(([name]) => isSaid(name))) return true;
  // In a body it counts only where there is one by right.
  return method === "POST" && body !== null && body.length > 0 && namesOf(headers, body).some(isSaid);
}

/** Whether the address takes calls to others: what they are is in the body. */
export function carriesCalls(host: string, path: readonly string[]): boolean {
  if (path.some((segment) => segment.toLowerCase() === "$batch")) return true;
  const [first = "", ...rest] = path.map((segment) => segment.toLowerCase());
  if (/(?:^|\.)googleapis\.com$/.test(host)) return first === "batch";
  if (host.endsWith(".salesforce.com")) return first === "services" && rest.includes("composite");
  return META.test(host) && rest.length === 0;
}

/** Names on the first level of a form or an object, as far as they can be read. */
function namesOf(headers: Headers, body: Buffer): string[] {
  const type = headers.find(([name]) => name === "content-type")?.[1] ?? "";
  if (/^\s*application\/x-www-form-urlencoded/i.test(type)) {
    const pairs = body.toString().split(/[&;]/);
    return pairs.map((pair) => decodeFormText(pair.split("=", 1)[0] ?? "") ?? "");
  }
  if (/^\s*multipart\/form-data/i.test(type)) {
    return [...body.toString("latin1").matchAll(/\bname\*?\s*=\s*(?:"([^"\r\n]*)"|([^\s;]+))/gi)].map(
      ([, quoted, plain]) => quoted ?? plain ?? "",
    );
  }
  // Most bodies are of this kind, and few have a reason to be parsed for it.
  return /json/i.test(type) && MAY_NAME_METHOD.test(body.toString("latin1")) ? jsonNames(body) : [];
}

/** The ends of the names above, Meta's with them; what is escaped may be any. */
const MAY_NAME_METHOD = /(?:method|override)"|\\u00/i;

/** What a strict reader cannot read, a generous one may. */
function jsonNames(body: Buffer): string[] {
  try {
    return Object.keys(Object(JSON.parse(body.toString())) as object);
  } catch {
    return ["_method"];
  }
}
