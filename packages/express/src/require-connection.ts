import type { ConnectionNeed } from "@alter-vault/sdk";
import type { NextFunction, Request, RequestHandler, Response } from "express";
import { isClientGone } from "./client-gone.ts";
import { sendFailure } from "./vault-error-handler.ts";

export interface RequireConnectionOptions extends ConnectionNeed {
  /** Where the browser goes when the user has connected. Must be on the app's list, letter by letter. */
  readonly returnUrl?: string | ((request: Request) => string) | undefined;
}

/**
 * Lets a request through when its user has connected the account, with the scopes. Otherwise it answers with 403
 * problem+json whose `action` says what the user must do, with a fresh link, before the handler runs. Mount it after
 * `vaultMiddleware()`.
 *
 * @example
 * app.post("/events", requireConnection({ provider: "google", scopes: ["calendar"] }), createEvent);
 */
export function requireConnection(options: RequireConnectionOptions): RequestHandler {
  const { returnUrl, ...need } = options;

  async function handle(request: Request, response: Response, next: NextFunction): Promise<void> {
    let check;
    try {
      const back = typeof returnUrl === "function" ? returnUrl(request) : returnUrl;
      check = await request.vault.check(need, { returnUrl: back });
    } catch (error) {
      return isClientGone(error) ? undefined : next(error);
    }
    if (check.ok) return next();
    const { type, message } = check.action;
    const code = type === "scope_required" ? "scope_reauth_required" : "grant_not_found";
    const failure = { code, title: "An account is not connected", message, retryable: false, status: 403 } as const;
    if (!response.destroyed) sendFailure(response, failure, check.action);
  }

  return (request, response, next) => void handle(request, response, next);
}
