/**
 * For adapters that meet users: a user's token is exchanged once for a short-lived vault session, which is what calls
 * carry. Kept are the session and a hash of the token it stands for, so that the next request of the same user does not
 * ask again; the token itself is not.
 */
import type { VaultView } from "./vault-view.ts";
import type { VaultSession } from "./vault-session.ts";

export interface UserSessionOptions {
  /** How long a session is used. Default: 900 seconds. It ends with the user's token at the latest. */
  readonly expiresInSeconds?: number | undefined;
  /** Only for these providers. Default: all. */
  readonly providers?: readonly string[] | undefined;
}

/** The part of an AlterVault that knows users. */
export type UserVault = Pick<VaultView, "withUser">;

/** Used up to this long before its end, so that a call that has begun can finish. */
const MARGIN_MS = 30_000;
const MOST_SESSIONS = 10_000;

/** Gives the session token for a user's token. Rejects with UserTokenError when the vault does not accept it. */
export function createUserSessions(
  vault: UserVault,
  options: UserSessionOptions = {},
): (userToken: string) => Promise<string> {
  const sessions = new Map<string, { readonly session: Promise<VaultSession>; endsAt: number }>();
  return async (userToken) => {
    const key = await hashOf(userToken);
    const known = sessions.get(key);
    if (known !== undefined && performance.now() < known.endsAt) return (await known.session).sessionToken;
    const session = vault.withUser(userToken).createVaultSession({ ...options });
    const entry = { session, endsAt: Number.POSITIVE_INFINITY };
    if (sessions.size >= MOST_SESSIONS) sessions.clear();
    sessions.set(key, entry);
    try {
      const { sessionToken, expiresIn } = await session;
      // By the lifetime, not by the date: the clocks of this machine and the vault may differ.
      entry.endsAt = performance.now() + Math.max(expiresIn * 1000 - MARGIN_MS, 0);
      return sessionToken;
    } catch (error) {
      sessions.delete(key);
      throw error;
    }
  };
}

async function hashOf(token: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token));
  return String.fromCharCode(...new Uint8Array(digest));
}
