import { textAt, type ReadTokenAnswer } from "@alter-vault/providers";
import type { ConnectedGrant } from "@alter-vault/protocol";
import type { Failure } from "../../call.ts";
import { toTimestamp } from "../../clock.ts";
import type { Keyring } from "../../crypto/keyring.ts";
import { SYSTEM, type GrantAccount, type GrantRecord } from "../../store/grant-records.ts";
import type { OAuthCredentialRecord, OAuthFlow } from "../../store/oauth-records.ts";
import type { Store } from "../../store/store.ts";
import { callRequest } from "./call-request.ts";
import type { Issuer } from "./discovery.ts";
import type { Connected, GrantWishes } from "./engine.ts";
import { expiryOf } from "./expiry.ts";
import { notExchanged } from "./finish.ts";
import { identify } from "./identity.ts";
import { exchangeTokens } from "./mint.ts";
import { captureVariables, type ProviderClient, type Variables } from "./provider-client.ts";
import type { RenewDeps } from "./renew.ts";
import { keepAliveAt } from "./schedule.ts";
import { grantedScopes, missingScopes } from "./scopes.ts";
import { mainToken, nextTokens, sealTokens, type Tokens } from "./tokens.ts";

export interface ConnectDeps extends RenewDeps {
  readonly store: Pick<
    Store,
    "findGrantByAccount" | "findGrant" | "insertOAuthGrant" | "reconnectGrant" | "putDelegation"
  >;
  readonly keyring: Keyring;
  /** From 0 up to 1. */
  readonly chance: () => number;
}

/** Tokens that just came, and what is known about where from. */
export interface NewAccount extends GrantWishes {
  readonly answer: ReadTokenAnswer & { readonly ok: true };
  readonly flow: OAuthFlow;
  readonly askedScopes: readonly string[];
  readonly variables: Variables;
  readonly issuer: Issuer | null;
  readonly nonce: string | undefined;
  /** Of a grant without a user: it is known by this instead of an identity. */
  readonly account?: GrantAccount | undefined;
  readonly subject?: string | undefined;
}

const TRIES = 3;

/** From tokens to a grant, and to what the user lets an agent do with it. */
export async function connectAccount(
  deps: ConnectDeps,
  client: ProviderClient,
  account: NewAccount,
): Promise<Connected | Failure> {
  const connected = await connectTokens(deps, client, account);
  const { principal, delegateTo } = account;
  if (!connected.ok || delegateTo === undefined || principal?.type !== "user" || principal.id === null)
    return connected;
  await deps.store.putDelegation({
    id: deps.newId(),
    appId: client.appId,
    agentId: delegateTo,
    grantId: connected.grant.grant_id,
    provider: client.provider.id,
    userId: principal.id,
    createdAt: deps.now(),
    expiresAt: null,
    revokedAt: null,
  });
  return connected;
}

/** From tokens to a grant: whose account it is, how long they live, and whether that account has a grant already. */
async function connectTokens(
  deps: ConnectDeps,
  client: ProviderClient,
  account: NewAccount,
): Promise<Connected | Failure> {
  const { provider } = client;
  const details = { provider_id: provider.id };
  const exchanged = await longLived(deps, client, account);
  if (!exchanged.ok) return exchanged;
  const { answer } = exchanged;
  const captured = captureVariables(client, "token", (at) => textAt(answer.json, at));
  if (!captured.ok) return { ok: false, code: "connect_config", detail: captured.detail, details };
  let variables: Variables = { ...account.variables, ...captured.variables };

  const known = await whose(deps, client, { ...account, answer: account.answer, variables });
  if (!known.ok) return known;
  variables = { ...variables, ...known.variables };

  const now = deps.now();
  const main = mainToken(answer);
  const tokens = nextTokens(answer, null, now);
  if (!main || !tokens)
    return { ok: false, code: "connect_provider_error", detail: "the answer holds no token", details };
  const tokenExpiresAt = await expiryOf(deps.ask, client, main, variables);
  const refreshExpiresAt = main.refreshExpiresAt ?? null;
  const times = { now, issuedAt: now, tokenExpiresAt, refreshExpiresAt, random: deps.chance() };
  const canRefresh = tokens.refresh_token !== undefined || isOwnProof(client);
  return save(
    deps,
    client,
    account,
    known.account,
    {
      ...(account.subject === undefined ? tokens : { ...tokens, subject: account.subject }),
    },
    {
      appId: client.appId,
      provider: provider.id,
      flow: account.flow,
      // Higher than any version before, also of tokens that were deleted since: a late refresh of those must not win.
      version: now,
      askedScopes: account.askedScopes,
      grantedScopes: grantedScopes(answer) ?? account.askedScopes,
      variables,
      tokenExpiresAt,
      refreshExpiresAt,
      refreshDueAt: canRefresh ? keepAliveAt(provider, times) : null,
      connectedAt: now,
      refreshedAt: null,
      state: "ok",
      problem: null,
      failingSince: null,
      failures: 0,
      leaseId: null,
      leaseUntil: null,
    },
  );
}

function isOwnProof({ provider: { refresh } }: ProviderClient): boolean {
  return refresh.supported && refresh.with === "access_token";
}

/** Some providers hand out a token for an hour and change it for one of weeks. */
async function longLived(
  deps: ConnectDeps,
  client: ProviderClient,
  { answer, variables }: NewAccount,
): Promise<{ readonly ok: true; readonly answer: ReadTokenAnswer & { readonly ok: true } } | Failure> {
  const call = client.provider.token.longLived;
  const main = mainToken(answer);
  if (!call || !main) return { ok: true, answer };
  const made = callRequest(client, call, variables, { accessToken: main.accessToken, refreshToken: main.refreshToken });
  if (!made.ok) return made;
  const minted = await exchangeTokens(deps, client, made.request, "long-lived");
  return minted.ok ? minted : notExchanged(client, minted);
}

async function whose(
  deps: ConnectDeps,
  client: ProviderClient,
  { account, answer, variables, issuer, nonce }: NewAccount,
): Promise<{ readonly ok: true; readonly account: GrantAccount; readonly variables: Variables } | Failure> {
  if (account) return { ok: true, account, variables: {} };
  const known = await identify(deps.ask, client, { answer, variables, issuer, nonce, now: deps.now() });
  if (!known.ok) return known;
  const { id, account: login, name } = known.identity;
  const identifier = login ?? name ?? id;
  return { ok: true, account: { id, identifier, name: name ?? null }, variables: known.variables };
}

/** The same account gets its grant back; another one gets a new grant. Two who connect it at once end with one grant. */
async function save(
  deps: ConnectDeps,
  client: ProviderClient,
  wishes: GrantWishes,
  account: GrantAccount,
  tokens: Tokens,
  credential: Omit<OAuthCredentialRecord, "id" | "userId" | "sealedTokens">,
): Promise<Connected | Failure> {
  const { store, keyring, now } = deps;
  const { appId, provider } = client;
  const details = { provider_id: provider.id, ...(wishes.grantId === undefined ? {} : { grant_id: wishes.grantId }) };
  const expiresAt = endOf(wishes, now());
  const principal = wishes.principal ?? SYSTEM;
  for (let tries = 0; tries < TRIES; tries++) {
    const known = await store.findGrantByAccount(appId, provider.id, principal, account.id);
    if (wishes.grantId !== undefined && known?.grant.id !== wishes.grantId) {
      const wanted = await store.findGrant(appId, wishes.grantId);
      if (wanted?.grant.status === "deleted" || !wanted) {
        return { ok: false, code: "grant_deleted", detail: "the grant to connect again was deleted", details };
      }
      const detail = `the account is not the one of the grant (${wanted.grant.account?.identifier ?? "unknown"})`;
      return { ok: false, code: "connect_account_mismatch", detail, details };
    }
    const id = known?.grant.id ?? deps.newId();
    const userId = principal.type === "user" ? principal.id : null;
    const sealedTokens = await sealTokens(keyring, { appId, id, userId }, tokens);
    const record: OAuthCredentialRecord = { ...credential, id, userId, sealedTokens };
    if (known) {
      const change = {
        expiresAt,
        policy: wishes.policy ?? known.grant.policy,
        account,
        ...(wishes.label === undefined ? {} : { label: wishes.label }),
        ...(wishes.data === undefined ? {} : { data: wishes.data }),
      };
      const grant = await store.reconnectGrant(appId, id, change, record);
      if (grant) return { ok: true, grant: show(client, grant, record, "reauth") };
      continue;
    }
    const grant: GrantRecord = {
      id,
      appId,
      secretId: null,
      provider: provider.id,
      principalType: principal.type,
      principalId: principal.id,
      label: wishes.label ?? null,
      status: "active",
      allowRetrieve: false,
      createdAt: now(),
      expiresAt,
      revokedAt: null,
      account,
      policy: wishes.policy,
      data: wishes.data ?? null,
    };
    if (await store.insertOAuthGrant(grant, record))
      return { ok: true, grant: show(client, grant, record, "creation") };
  }
  return { ok: false, code: "conflict", detail: "the account is being connected elsewhere at the same time", details };
}

/** The shorter of what is usual and what is allowed; without either, the grant does not end by itself. */
function endOf({ policy }: GrantWishes, now: number): number | null {
  if (!policy) return null;
  const seconds = policy.default_ttl_seconds ?? policy.max_ttl_seconds;
  const ends = [
    ...(seconds === undefined ? [] : [now + seconds * 1000]),
    ...(policy.max_ttl_seconds === undefined ? [] : [now + policy.max_ttl_seconds * 1000]),
    ...(policy.expires_at === undefined ? [] : [Date.parse(policy.expires_at)]),
  ];
  return ends.length === 0 ? null : Math.min(...ends);
}

function show(
  { provider }: ProviderClient,
  grant: GrantRecord,
  { askedScopes, grantedScopes, connectedAt }: OAuthCredentialRecord,
  operation: ConnectedGrant["operation"],
): ConnectedGrant {
  return {
    grant_id: grant.id,
    provider: provider.id,
    provider_name: provider.name,
    account_identifier: grant.account?.identifier ?? "",
    account_display_name: grant.account?.name ?? null,
    scopes: [...grantedScopes],
    missing_scopes: missingScopes(askedScopes, grantedScopes),
    status: "active",
    operation,
    timestamp: toTimestamp(connectedAt),
    expires_at: grant.expiresAt === null ? null : toTimestamp(grant.expiresAt),
    grant_policy: grant.policy,
  };
}
