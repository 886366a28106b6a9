import type { IncomingMessage } from "node:http";
import { readCookies } from "../../connect/browser-cookie.ts";
import type { Visitor } from "../../connect/session.ts";
import { callerAddress, type Proxies } from "../caller-address.ts";

/** Who is at the other end. */
export function visitorOf(request: IncomingMessage, proxies: Proxies): Visitor {
  return { address: callerAddress(request, proxies), cookies: readCookies(request.headers.cookie) };
}
