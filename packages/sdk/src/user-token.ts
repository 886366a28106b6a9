/**
 * The end user a call is made for: a JWT of one of the app's identity providers, or a vault session that stands in for
 * it. The vault verifies it; here it is only looked at for what no header can carry.
 *
 * A token is a credential. It is kept in closures, goes to the vault in one signed header, and into nothing that is
 * printed, serialized, logged or thrown.
 */
import { AlterValueError } from "./errors.ts";

/** Asked before every request. Nothing (undefined or null) means: without an end user. */
export type UserTokenGetter = () => string | null | undefined | Promise<string | null | undefined>;

/** A token of an end user, a vault session, or what gives one. Null: without an end user, whatever else is set up. */
export type UserToken = string | UserTokenGetter | null;

/** Where the tokens of calls come from. */
export interface UserTokens {
  /**
   * The token for one request, from what it was given itself, or else from the user who signed in, or else from
   * `userTokenGetter`. Rejects with AlterValueError when a getter fails or gives what is no token.
   */
  tokenFor(own: UserToken | undefined): Promise<string | undefined>;
  /** From now on, tokens come from here. Undefined takes that back. */
  signIn(getter: UserTokenGetter | undefined): void;
}

const MAX_LENGTH = 16_384;

export function createUserTokens(getter: UserTokenGetter | undefined): UserTokens {
  let signedIn: UserTokenGetter | undefined;
  return {
    tokenFor: (own) => readUserToken(own === undefined ? (signedIn ?? getter) : own),
    signIn(next) {
      signedIn = next;
    },
  };
}

/** The same for a view that has a user of its own. */
export function userTokensOf(source: UserToken, shared: UserTokens): UserTokens {
  return {
    tokenFor: (own) => readUserToken(own === undefined ? source : own),
    signIn: (getter) => shared.signIn(getter),
  };
}

/** Checks what is known beforehand. */
export function checkUserToken(name: string, value: unknown): UserToken | undefined {
  if (value === undefined || value === null) return value;
  if (typeof value === "function") return value as UserTokenGetter;
  if (typeof value === "string") return checkToken(`Option "${name}"`, value);
  throw new AlterValueError(
    `Option "${name}" must be the end user's token, a vault session, or a function that gives one.`,
  );
}

export function checkUserTokenGetter(value: unknown): UserTokenGetter | undefined {
  if (value === undefined || typeof value === "function") return value as UserTokenGetter | undefined;
  throw new AlterValueError('Option "userTokenGetter" must be a function that gives the token of the end user.');
}

/** Whether a header can carry it. What it is worth, the vault says. */
export function isTokenShaped(value: string): boolean {
  return value.length <= MAX_LENGTH && /^[\x21-\x7e]+$/.test(value);
}

async function readUserToken(source: UserToken | undefined): Promise<string | undefined> {
  if (typeof source !== "function") return source ?? undefined;
  const token = await ask(source);
  if (token === undefined || token === null) return undefined;
  if (typeof token === "string") return checkToken("What the function for the user token gave", token);
  throw new AlterValueError(
    "The function for the user token must give a text, or nothing for calls without an end user.",
  );
}

async function ask(getter: UserTokenGetter): Promise<unknown> {
  try {
    return await getter();
  } catch (cause) {
    throw new AlterValueError(
      "The function for the user token failed, so nothing was sent. Its own error is the `cause`; for calls without an end user let it give nothing.",
      { cause },
    );
  }
}

function checkToken(what: string, token: string): string {
  if (token === "") {
    // Often the rest of a missing header or cookie. As "no user" it would get what belongs to the app.
    throw new AlterValueError(`${what} is an empty text. For calls without an end user, give nothing.`);
  }
  if (/^bearer\s/i.test(token)) throw new AlterValueError(`${what} begins with "Bearer". Give the token alone.`);
  if (isTokenShaped(token)) return token;
  throw new AlterValueError(
    `${what} is no token: it is longer than ${MAX_LENGTH} characters, or holds white space or characters beyond ASCII.`,
  );
}
