import { describeFailure, type ActionRequired, type SafeFailure } from "@alter-vault/sdk";
import type { ErrorRequestHandler, NextFunction, Request, Response } from "express";
import { challenge, RequestUserError } from "./bearer-token.ts";
import { isClientGone } from "./client-gone.ts";

/**
 * Answers the failures of calls through the vault with `application/problem+json` (RFC 9457). Mount it after the routes.
 *
 * The status is that of the failure's code; an error of the provider is a 502 that holds nothing of what the provider
 * wrote. Where somebody can do something about it, `action` says what, with a fresh link. A user's token that is missing
 * or not accepted is a 401 with `WWW-Authenticate`. What is not such a failure goes on to the next error handler: mistakes
 * of the program, errors of others, and everything after the answer has begun. When the client is gone, nothing is
 * answered.
 */
export function vaultErrorHandler(): ErrorRequestHandler {
  async function handle(error: unknown, request: Request, response: Response, next: NextFunction): Promise<void> {
    const failure = response.headersSent ? null : failureOf(error);
    if (failure === null) return next(error);
    let action: ActionRequired | null = null;
    try {
      // Without the middleware there is no vault to ask.
      if ("vault" in request) action = await request.vault.actionFor(error);
    } catch (reason) {
      return isClientGone(reason) ? undefined : next(reason);
    }
    if (!response.headersSent && !response.destroyed) sendFailure(response, failure, action);
  }

  return (error: unknown, request, response, next) => {
    if (!isClientGone(error)) void handle(error, request, response, next);
  };
}

function failureOf(error: unknown): SafeFailure | null {
  if (!(error instanceof RequestUserError)) return describeFailure(error);
  const { code, message, status } = error;
  return { code, title: "The request has no user", message, retryable: false, status };
}

/** Sends a failure as problem+json, with the headers that belong to it. */
export function sendFailure(response: Response, failure: SafeFailure, action: ActionRequired | null): void {
  const { code, title, message, retryable, requestId, retryAfterSeconds } = failure;
  const status = statusOf(failure);
  if (retryAfterSeconds !== undefined) response.set("Retry-After", String(Math.ceil(retryAfterSeconds)));
  if (status === 401) response.set("WWW-Authenticate", challenge(code === "user_token_missing" ? undefined : message));
  const type = `urn:alter-vault:error:${code}`;
  const more = action === null ? {} : { action };
  const problem = { type, title, status, detail: message, code, retryable, request_id: requestId, ...more };
  response
    .status(status)
    .set("Cache-Control", "no-store")
    .type("application/problem+json")
    .send(JSON.stringify(problem));
}

const OF_THE_USER: ReadonlySet<string> = new Set([
  "user_token_missing",
  "user_token_invalid",
  "user_token_expired",
  "session_invalid",
]);

/** Another 401 of the vault is about this server's key. Said to a client, it would ask for a login that cannot help. */
function statusOf({ status, code }: SafeFailure): number {
  return status === 401 && !OF_THE_USER.has(code) ? 500 : status;
}
