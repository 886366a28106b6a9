import { AlterSDKError } from "../alter-sdk-error.ts";
import type { Core } from "../core.ts";
import type { UserTokenGetter } from "../user-token.ts";
import type { Issuer } from "./discover-issuer.ts";
import type { SignInClient } from "./find-client.ts";
import { refreshTokens, type Tokens } from "./tokens.ts";

const EARLY_MS = 60_000;

/**
 * Gives the token of the user who signed in, and a fresher one when it is about to end, as long as the issuer allows. A
 * token that has ended is still given: the vault says so, and the call must not be made as nobody instead.
 */
export function createSignedInUser(core: Core, client: SignInClient, issuer: Issuer, first: Tokens): UserTokenGetter {
  const { now } = core.platform;
  let tokens = first;
  // A short-lived token is not refreshed with every call.
  let earlyMs = early(first, now());
  let refreshing: Promise<void> | undefined;

  async function refresh(refreshToken: string): Promise<void> {
    try {
      const fresher = await refreshTokens(core, client, issuer, { ...tokens, refreshToken });
      tokens = fresher ?? { ...tokens, refreshToken: undefined };
      earlyMs = early(tokens, now());
    } catch (error) {
      if (!(error instanceof AlterSDKError)) throw error;
      // What may pass is tried again with the next call; a refresh token that is not accepted is of no more use.
      if (!error.retryable) tokens = { ...tokens, refreshToken: undefined };
      core.settings.logger?.warn(`The token of the user who signed in could not be refreshed (${error.code}).`);
    }
  }

  return async () => {
    const { refreshToken, expiresAtMs } = tokens;
    if (refreshToken !== undefined && now() >= expiresAtMs - earlyMs) {
      refreshing ??= refresh(refreshToken).finally(() => {
        refreshing = undefined;
      });
      await refreshing;
    }
    return tokens.idToken;
  };
}

function early({ expiresAtMs }: Tokens, nowMs: number): number {
  return Math.min(EARLY_MS, Math.max(0, (expiresAtMs - nowMs) / 2));
}
