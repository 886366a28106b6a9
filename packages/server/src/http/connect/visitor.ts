import type { IncomingMessage } from "node:http";
import { readCookies } from "../../connect/browser-cookie.ts";
import type { Visitor } from "../../connect/session.ts";

/**
 * Who is at the other end. Behind a proxy the last address it added counts; what a client wrote before it does not.
 */
export function visitorOf({ headers, socket }: IncomingMessage, behindProxy: boolean): Visitor {
  const forwarded = behindProxy ? headers["x-forwarded-for"] : undefined;
  const list = Array.isArray(forwarded) ? forwarded.join(",") : forwarded;
  const address = list?.split(",").at(-1)?.trim() ?? socket.remoteAddress ?? null;
  return { address, cookies: readCookies(headers.cookie) };
}
