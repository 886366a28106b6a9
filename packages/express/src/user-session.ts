/**
 * The user's JWT is exchanged once for a short-lived vault session, which is what calls carry. Kept are the session and a
 * hash of the JWT it stands for, so that the next request of the same user does not ask again; the JWT itself is not.
 */
import { createHash } from "node:crypto";
import type { AlterVault, VaultSession } from "@alter-vault/sdk";

export interface UserSessionOptions {
  /** How long a session is used. Default: 900 seconds. It ends with the user's token at the latest. */
  readonly expiresInSeconds?: number | undefined;
  /** Only for these providers. Default: all. */
  readonly providers?: readonly string[] | undefined;
}

/** The part of an AlterVault that knows users. */
export type UserVault = Pick<AlterVault, "withUser">;

export type SessionFor = (userToken: string) => Promise<string>;

/** Used up to this long before its end, so that a call that has begun can finish. */
const MARGIN_MS = 30_000;
const MOST_SESSIONS = 10_000;

export function createSessions(vault: UserVault, options: UserSessionOptions): SessionFor {
  const sessions = new Map<string, { readonly session: Promise<VaultSession>; endsAt: number }>();
  return async (userToken) => {
    const key = createHash("sha256").update(userToken).digest("base64");
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
