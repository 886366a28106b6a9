/**
 * Express middleware that gives each request its own view of the vault: `req.vault`. Its calls carry the ids of the
 * request into the audit log and end when the client goes away. So do those of every tool or function that is called
 * below: they find the ids in the ambient scope.
 *
 * Ids that come from the client are claims, good for finding a call again. Nothing is allowed by them. The middleware
 * verifies nobody, and leaves `req.auth` and `req.user` alone: it hands the token of the end user to the vault, which
 * verifies it with every call.
 */
import { contextText, withContext, type UserTokenGetter, type VaultCalls } from "@alter-vault/sdk";
import type { Request, RequestHandler, Response } from "express";
import { clientGoneSignal } from "./client-gone.ts";

declare global {
  // The one way to add to the request of every version of Express' types.
  namespace Express {
    interface Request {
      /** The vault, bound to this request by `vaultMiddleware()`. */
      vault: VaultCalls;
    }
  }
}

export interface VaultMiddlewareOptions {
  /** An AlterVault or a view of one. */
  readonly vault: VaultCalls;
  /**
   * The conversation a request belongs to, such as `(req) => req.body?.id`. If it reads the body, mount the middleware
   * after the body parser. What a client sends is not yet the client's: see that it may use that conversation.
   */
  readonly threadId?: ((request: Request) => string | undefined) | undefined;
  /**
   * The token of the end user a request is from, such as `(req) => req.session.idToken`; may take its time. Where it gives
   * nothing, `req.vault` is without an end user, even if the vault has a `userTokenGetter`. It is asked for every call.
   * Default: whatever `vault` is set up with.
   */
  readonly userToken?: ((request: Request) => ReturnType<UserTokenGetter>) | undefined;
  /**
   * The header that a client may name its request in. Default: `"x-request-id"`. With false nothing is taken from the
   * client, the trace neither, and every request gets an id of its own.
   */
  readonly requestIdHeader?: string | false | undefined;
}

/**
 * Binds `req.vault`. The run id is the first there is of: the request's `X-Request-Id`, the trace id of its
 * `traceparent`, a new UUID. The answer says it in `X-Request-Id`.
 */
export function vaultMiddleware(options: VaultMiddlewareOptions): RequestHandler {
  const { vault, threadId, userToken, requestIdHeader = "x-request-id" } = options;

  function bind(request: Request, response: Response): { runId: string; threadId: string | undefined } {
    const ids = { runId: runIdOf(request, requestIdHeader), threadId: contextText(threadId?.(request)) };
    const user = userToken && { userToken: () => userToken(request) };
    const view = vault.with({ ...ids, ...user, framework: "express", signal: clientGoneSignal(response) });
    // Not enumerable, so that a logger which prints requests does not print it.
    Object.defineProperty(request, "vault", { value: view, enumerable: false, writable: true, configurable: true });
    response.setHeader(requestIdHeader === false ? "X-Request-Id" : requestIdHeader, ids.runId);
    return ids;
  }

  return (request, response, next) => {
    let ids;
    try {
      ids = bind(request, response);
    } catch (error) {
      return next(error);
    }
    return withContext(ids, () => next());
  };
}

/** One id for each request, however often the middleware is mounted. */
const runIds = new WeakMap<Request, string>();

function runIdOf(request: Request, header: string | false): string {
  const given = header === false ? undefined : (requestId(request, header) ?? traceId(request));
  const runId = runIds.get(request) ?? given ?? crypto.randomUUID();
  runIds.set(request, runId);
  return runId;
}

function requestId(request: Request, header: string): string | undefined {
  const value = request.get(header) ?? "";
  return /^[\w.:-]{1,128}$/.test(value) ? value : undefined;
}

/** W3C Trace Context, version 00; ids of zeros are invalid. */
function traceId(request: Request): string | undefined {
  return /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/.exec(request.get("traceparent") ?? "")?.[1];
}
