import type { IncomingMessage, ServerResponse } from "node:http";
import type { ConnectRefused } from "../../connect/connect.ts";
import type { ConnectStatus } from "../../connect/read-status.ts";
import { toTimestamp } from "../../clock.ts";
import { sendJson, sendProblem } from "../error-response.ts";

/**
 * The status of a session, for the page that opened the popup. Only a page of the session's own origin may read it: the
 * header that lets a browser hand the answer on is sent for that origin and for no other.
 */
export function sendStatus(response: ServerResponse, status: ConnectStatus | ConnectRefused): void {
  response.setHeader("vary", "origin");
  if (!status.ok) return sendProblem(response, status.problem);
  response.setHeader("access-control-allow-origin", status.origin);
  const { session, message, atProvider } = status;
  sendJson(response, 200, {
    status: session.status,
    message,
    at_provider: atProvider,
    expires_at: toTimestamp(session.expiresAt),
  });
}

/** A preflight carries no token, so it cannot know the session. It allows to ask, and nothing else. */
export function sendPreflight({ headers: { origin } }: IncomingMessage, response: ServerResponse): void {
  response.writeHead(204, {
    "access-control-allow-origin": origin ?? "null",
    "access-control-allow-methods": "GET",
    "access-control-allow-headers": "authorization",
    "access-control-max-age": "600",
    vary: "origin",
  });
  response.end();
}
