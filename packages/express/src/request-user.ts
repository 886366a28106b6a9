import { AsyncLocalStorage } from "node:async_hooks";

const users = new AsyncLocalStorage<string>();

/** Runs `body` for a user, whom {@link requestUser} then gives. */
export function withUser<Result>(token: string | undefined, body: () => Result): Result {
  return token === undefined ? body() : users.run(token, body);
}

/**
 * The user of the request that is being handled, for an AlterVault that is not `req.vault`: one that module-level tools of
 * LangChain or the AI SDK were made with.
 *
 * @example
 * const vault = new AlterVault({ apiKey, userTokenGetter: requestUser });
 */
export function requestUser(): string | undefined {
  return users.getStore();
}
