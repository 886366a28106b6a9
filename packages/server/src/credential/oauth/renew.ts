import { textAt } from "@alter-vault/providers";
import type { OAuthCredentialRecord } from "../../store/oauth-records.ts";
import type { Discover } from "./discovery.ts";
import { renewedExpiryOf } from "./expiry.ts";
import { mint, type MintDeps } from "./mint.ts";
import { captureVariables, type ProviderClient, type Variables } from "./provider-client.ts";
import { scopesAfterRefresh } from "./scopes.ts";
import { mainToken, nextTokens, type Tokens } from "./tokens.ts";

/** What a renewal brought, not stored yet. */
export type Renewed =
  | {
      readonly ok: true;
      readonly tokens: Tokens;
      readonly grantedScopes: readonly string[];
      readonly variables: Variables;
      readonly tokenExpiresAt: number | null;
      readonly refreshExpiresAt: number | null;
    }
  | { readonly ok: false; readonly why: "dead" | "client" | "later" | "never"; readonly problem: string };

export interface RenewDeps extends MintDeps {
  readonly discover: Discover;
}

/** New tokens for a grant, from those it has. */
export async function renew(
  deps: RenewDeps,
  client: ProviderClient,
  credential: OAuthCredentialRecord,
  tokens: Tokens,
): Promise<Renewed> {
  if (isTooYoung(client, credential, deps.now())) return { ok: false, why: "later", problem: "too_young" };
  const discovered = await deps.discover(client, credential.variables);
  // Endpoints that worked before are better than none.
  const variables = { ...credential.variables, ...(discovered.ok ? discovered.issuer?.variables : undefined) };
  const minted = await mint(deps, client, {
    flow: credential.flow,
    scopes: credential.grantedScopes,
    variables,
    tokens,
  });
  if (!minted.ok) return minted;
  const now = deps.now();
  const main = mainToken(minted.answer);
  const next = nextTokens(minted.answer, tokens, now);
  if (!main || !next) return { ok: false, why: "later", problem: "no_token" };
  const captured = captureVariables(client, "token", (at) => textAt(minted.answer.json, at));
  return {
    ok: true,
    tokens: next,
    grantedScopes: scopesAfterRefresh(client.provider, minted.answer, credential.grantedScopes),
    variables: { ...variables, ...(captured.ok ? captured.variables : {}) },
    tokenExpiresAt: renewedExpiryOf(main, credential, now),
    refreshExpiresAt: main.refreshExpiresAt ?? (main.refreshToken === undefined ? credential.refreshExpiresAt : null),
  };
}

/** Before that age the provider refuses every refresh; it is not asked. */
function isTooYoung(
  { provider: { refresh } }: ProviderClient,
  { refreshedAt, connectedAt }: OAuthCredentialRecord,
  now: number,
): boolean {
  const minAgeMs = (refresh.supported ? (refresh.minAgeSeconds ?? 0) : 0) * 1000;
  return now - (refreshedAt ?? connectedAt) < minAgeMs;
}
