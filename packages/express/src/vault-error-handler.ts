import { describeFailure, type SafeFailure } from "@alter-vault/sdk";
import type { ErrorRequestHandler } from "express";
import { isClientGone } from "./client-gone.ts";

/**
 * Answers the failures of calls through the vault with `application/problem+json` (RFC 9457). Mount it after the routes.
 *
 * The status is that of the failure's code; an error of the provider is a 502 that holds nothing of what the provider
 * wrote. What is not such a failure goes on to the next error handler: mistakes of the program, errors of others, and
 * everything after the answer has begun. When the client is gone, nothing is answered.
 */
export function vaultErrorHandler(): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (isClientGone(error)) return;
    const failure = response.headersSent ? null : describeFailure(error);
    if (failure === null) return next(error);
    const { code, title, message, retryable, requestId, retryAfterSeconds } = failure;
    const status = statusOf(failure);
    if (retryAfterSeconds !== undefined) response.set("Retry-After", String(Math.ceil(retryAfterSeconds)));
    const type = `urn:alter-vault:error:${code}`;
    const problem = { type, title, status, detail: message, code, retryable, request_id: requestId };
    response
      .status(status)
      .set("Cache-Control", "no-store")
      .type("application/problem+json")
      .send(JSON.stringify(problem));
  };
}

const ABOUT_THE_USER: readonly string[] = [
  "user_token_missing",
  "user_token_invalid",
  "user_token_expired",
  "session_invalid",
];

/**
 * A 401 of the vault is about the user's token, which a login mends, or about this server's key. Said to a client, that
 * would ask for a login that cannot help.
 */
function statusOf({ code, status }: SafeFailure): number {
  return status === 401 && !ABOUT_THE_USER.includes(code) ? 500 : status;
}
