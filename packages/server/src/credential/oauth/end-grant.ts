import type { Keyring } from "../../crypto/keyring.ts";
import type { GrantRecord } from "../../store/grant-records.ts";
import type { OAuthCredentialRecord } from "../../store/oauth-records.ts";
import type { Store } from "../../store/store.ts";
import { openProviderClient, type ProviderClient } from "./provider-client.ts";
import { renew, type RenewDeps } from "./renew.ts";
import { freshness } from "./schedule.ts";
import { revokeAtProvider, type ProviderRevocation } from "./revoke-at-provider.ts";
import { openTokens, type Tokens } from "./tokens.ts";

export interface EndDeps extends RenewDeps {
  readonly store: Store;
  readonly keyring: Keyring;
  readonly allowLoopback: boolean;
}

export interface Ended {
  readonly grant: GrantRecord;
  readonly revocation: ProviderRevocation;
}

/**
 * Ends a grant for a connected account. Here first, in one write with the deletion of its tokens, so that no call uses
 * them any more whatever the provider says; then there. Null when there is nothing to end.
 */
export async function endGrant(
  deps: EndDeps,
  appId: string,
  grantId: string,
  status: "revoked" | "deleted",
): Promise<Ended | null> {
  const { store } = deps;
  const credential = await store.findOAuthCredential(appId, grantId);
  const tokens = credential && (await openTokens(deps.keyring, credential));
  const grant = await store.endOAuthGrant(appId, grantId, status, deps.now());
  if (!grant) return null;
  if (!credential || !tokens) return { grant, revocation: NOTHING_LEFT };
  return { grant, revocation: await tellProvider(deps, credential, tokens) };
}

const NOTHING_LEFT: ProviderRevocation = { result: "done", detail: null, manualUrl: null };

async function tellProvider(
  deps: EndDeps,
  credential: OAuthCredentialRecord,
  tokens: Tokens,
): Promise<ProviderRevocation> {
  const opening = await openProviderClient(deps, credential.appId, credential.provider);
  if (!opening.ok) return { result: "failed", detail: opening.code, manualUrl: null };
  const { client } = opening;
  // A call to revoke needs a token that works; when there is none to be had, the one there is must do.
  const renewed = needsLiveToken(client, credential, deps.now()) ? await renew(deps, client, credential, tokens) : null;
  return renewed?.ok
    ? revokeAtProvider(deps, client, renewed.tokens, renewed.variables)
    : revokeAtProvider(deps, client, tokens, credential.variables);
}

function needsLiveToken(
  { provider: { revoke } }: ProviderClient,
  { tokenExpiresAt, refreshedAt, connectedAt }: OAuthCredentialRecord,
  now: number,
): boolean {
  const times = { now, tokenExpiresAt, issuedAt: refreshedAt ?? connectedAt, random: 0 };
  return revoke.style === "call" && revoke.call.auth === "bearer" && freshness(times) === "expired";
}
