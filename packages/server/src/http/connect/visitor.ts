import type { IncomingMessage } from "node:http";
import { readCookies } from "../../connect/browser-cookie.ts";
import type { Visitor } from "../../connect/session.ts";
import { addressOf } from "../incoming-call.ts";

/** Who is at the other end. */
export function visitorOf(request: IncomingMessage, behindProxy: boolean): Visitor {
  return { address: addressOf(request, behindProxy), cookies: readCookies(request.headers.cookie) };
}
