/**
 * Express middleware that gives each request its own view of the vault: `req.vault`. Its calls are made for the user of
 * the request, carry its ids into the audit log, and end when the client goes away. So do those of every tool or function
 * that is called below: they find the ids in the ambient scope.
 *
 * It verifies nobody: the vault does, when the user's token is exchanged for a short-lived session. Ids that come from the
 * client are claims, good for finding a call again; nothing is allowed by them. It leaves `req.auth` and `req.user` alone.
 */
import {
  contextText,
  createUserSessions,
  withContext,
  type CallContext,
  type UserSessionOptions,
  type UserVault,
  type VaultCalls,
} from "@alter-vault/sdk";
import type { NextFunction, Request, RequestHandler, Response } from "express";
import { bearerToken, RequestUserError } from "./bearer-token.ts";
import { clientGoneSignal } from "./client-gone.ts";
import { withUser } from "./request-user.ts";

declare global {
  // The one way to add to the request of every version of Express' types.
  namespace Express {
    interface Request {
      /** The vault, bound to this request by `vaultMiddleware()`. */
      vault: VaultCalls;
    }
  }
}

type GetUserToken = (request: Request) => string | undefined | Promise<string | undefined>;

interface SharedOptions {
  /**
   * The conversation a request belongs to, such as `(req) => req.body?.id`. If it reads the body, mount the middleware
   * after the body parser. What a client sends is not yet the client's: see that it may use that conversation.
   */
  readonly threadId?: ((request: Request) => string | undefined) | undefined;
  /**
   * The header that a client may name its request in. Default: `"x-request-id"`. With false nothing is taken from the
   * client, the trace neither, and every request gets an id of its own.
   */
  readonly requestIdHeader?: string | false | undefined;
}

interface UserOptions extends SharedOptions {
  /** An AlterVault. */
  readonly vault: VaultCalls & UserVault;
  /**
   * The user's JWT. Default: `"bearer"`, that of the Authorization header. A function takes it from a request that was
   * authenticated before: `(req) => req.auth?.token`.
   */
  readonly userToken?: "bearer" | GetUserToken | undefined;
  /** With false, a request without a token is for the app itself. Default: true, it is answered with 401. */
  readonly userRequired?: boolean | undefined;
  readonly session?: UserSessionOptions | undefined;
}

interface AppOptions extends SharedOptions {
  /** An AlterVault or a view of one. */
  readonly vault: VaultCalls;
  /** No end users: all calls are for the app itself. */
  readonly userToken: false;
}

export type VaultMiddlewareOptions = UserOptions | AppOptions;

/**
 * Binds `req.vault`. The run id is the first there is of: the request's `X-Request-Id`, the trace id of its
 * `traceparent`, a new UUID. The answer says it in `X-Request-Id`.
 *
 * Hands on RequestUserError where a token is missing, UserTokenError where the vault does not accept it.
 */
export function vaultMiddleware(options: VaultMiddlewareOptions): RequestHandler {
  const { vault, threadId, requestIdHeader = "x-request-id" } = options;
  const findUser = userFinder(options);

  async function bind(request: Request, response: Response): Promise<{ context: CallContext; userToken?: string }> {
    const ids = { runId: runIdOf(request, requestIdHeader), threadId: contextText(threadId?.(request)) };
    // At once: a client may go away while the user is being looked up.
    const signal = clientGoneSignal(response);
    response.setHeader(requestIdHeader === false ? "X-Request-Id" : requestIdHeader, ids.runId);
    const userToken = await findUser(request);
    const view = vault.with({ ...ids, framework: "express", signal, userToken });
    // Not enumerable, so that a logger which prints requests does not print it.
    Object.defineProperty(request, "vault", { value: view, enumerable: false, writable: true, configurable: true });
    const traceparent = requestIdHeader === false ? undefined : traceOf(request)?.[0];
    const context = traceparent === undefined ? ids : { ...ids, context: { traceparent } };
    return userToken === undefined ? { context } : { context, userToken };
  }

  async function handle(request: Request, response: Response, next: NextFunction): Promise<void> {
    let bound;
    try {
      bound = await bind(request, response);
    } catch (error) {
      return next(error);
    }
    const { context, userToken } = bound;
    withContext(context, () => withUser(userToken, () => next()));
  }

  return (request, response, next) => void handle(request, response, next);
}

/** Gives the vault session of a request's user; undefined where calls are for the app itself. */
function userFinder(options: VaultMiddlewareOptions): (request: Request) => Promise<string | undefined> {
  if (options.userToken === false) return () => Promise.resolve(undefined);
  const { vault, userToken = "bearer", userRequired = true, session = {} } = options;
  const read: GetUserToken = userToken === "bearer" ? bearerToken : userToken;
  const sessionFor = createUserSessions(vault, session);
  return async (request) => {
    const token = await read(request);
    if (token !== undefined && token !== "") return sessionFor(token);
    if (userRequired) throw new RequestUserError("user_token_missing", "The request needs a user's token.");
    return undefined;
  };
}

/** One id for each request, however often the middleware is mounted. */
const runIds = new WeakMap<Request, string>();

function runIdOf(request: Request, header: string | false): string {
  const given = header === false ? undefined : (requestId(request, header) ?? traceOf(request)?.[1]);
  const runId = runIds.get(request) ?? given ?? crypto.randomUUID();
  runIds.set(request, runId);
  return runId;
}

function requestId(request: Request, header: string): string | undefined {
  const value = request.get(header) ?? "";
  return /^[\w.:-]{1,128}$/.test(value) ? value : undefined;
}

/** W3C Trace Context, version 00, and its trace id; ids of zeros are invalid. */
function traceOf(request: Request): RegExpExecArray | null {
  return /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/.exec(request.get("traceparent") ?? "");
}
