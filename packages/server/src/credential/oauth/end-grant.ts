import type { Keyring } from "../../crypto/keyring.ts";
import type { GrantRecord, Store } from "../../store/store.ts";
import type { Ask } from "../../egress/ask.ts";
import { openProviderClient } from "./provider-client.ts";
import type { Refresher } from "./refresh.ts";
import { revokeAtProvider, type ProviderRevocation } from "./revoke-at-provider.ts";
import { openTokens, type Tokens } from "./tokens.ts";

export interface EndDeps {
  readonly store: Store;
  readonly keyring: Keyring;
  readonly ask: Ask;
  readonly now: () => number;
  readonly newId: () => string;
  readonly allowLoopback: boolean;
  readonly refresher: Refresher;
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
  // A call to revoke needs a token that works; when there is none to be had, the one there is must do.
  const fresh = credential && (await deps.refresher.fresh(credential));
  const current = fresh?.ok ? fresh.credential : credential;
  const tokens = fresh?.ok ? fresh.tokens : credential && openTokens(deps.keyring, credential);
  const grant = await store.endOAuthGrant(appId, grantId, status, deps.now());
  if (!grant) return null;
  if (!current || !tokens) return { grant, revocation: NOTHING_LEFT };
  return { grant, revocation: await tellProvider(deps, current, tokens) };
}

const NOTHING_LEFT: ProviderRevocation = { result: "done", detail: null, manualUrl: null };

async function tellProvider(
  deps: EndDeps,
  { appId, provider, variables }: { appId: string; provider: string; variables: Readonly<Record<string, string>> },
  tokens: Tokens,
): Promise<ProviderRevocation> {
  const opening = await openProviderClient(deps, appId, provider);
  if (!opening.ok) return { result: "failed", detail: opening.code, manualUrl: null };
  return revokeAtProvider(deps, opening.client, tokens, variables);
}
