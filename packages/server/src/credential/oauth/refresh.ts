import type { KnownEntry, OutcomeBody } from "../../audit/entry.ts";
import { localOutcome } from "../../audit/entry.ts";
import type { Recorded } from "../../audit/log.ts";
import type { Failure } from "../../call.ts";
import type { Keyring } from "../../crypto/keyring.ts";
import type { OAuthCredentialRecord } from "../../store/oauth-records.ts";
import type { Store } from "../../store/store.ts";
import type { Discover } from "./discovery.ts";
import type { MintDeps } from "./mint.ts";
import { openProviderClient, type ProviderClient } from "./provider-client.ts";
import { renew, type Renewed } from "./renew.ts";
import { isDead } from "./still-alive.ts";
import { freshness, keepAliveAt, retryAt, secondOpinionAt } from "./schedule.ts";
import { openTokens, sealTokens, type Tokens } from "./tokens.ts";

/**
 * Keeps connected accounts alive. One refresh per grant is under way at a time, in this process by a map and everywhere by
 * a lease in the store; whoever else needs the tokens waits. New tokens are stored before anybody uses them, and only over
 * the version they were made from. What is stored is never deleted because a refresh failed.
 *
 * It trusts the store's compare-and-swap, and no clock but its own. It does not trust the provider to be quick, to answer
 * sense, or to mean it: a grant called dead is asked for again later before it is given up.
 */
export interface Refresher {
  /**
   * Tokens that are good for a call, refreshed first when they must be.
   *
   * Codes: `token_refresh_failed` (again later), `grant_revoked` (the user must connect again),
   * `provider_client_rejected` and `connect_config` (the operator must act), `credential_unreadable`,
   * `audit_unavailable`, `storage_unavailable`.
   */
  fresh(credential: OAuthCredentialRecord): Promise<Fresh>;
  /** The provider refused tokens of this version although they looked good: others than those. Null: there are none to be had. */
  replace(credential: OAuthCredentialRecord): Promise<Fresh | null>;
  /** Refreshes whatever is due: tokens that would die unused, failures to be tried again, refreshes a crash interrupted. */
  sweep(): Promise<number>;
  /** Waits for what is under way. */
  close(): Promise<void>;
}

export type Fresh =
  | { readonly ok: true; readonly credential: OAuthCredentialRecord; readonly tokens: Tokens }
  | Failure;

export interface RefresherDeps extends MintDeps {
  readonly store: Pick<
    Store,
    | "findOAuthCredential"
    | "leaseOAuthCredential"
    | "saveRefreshedTokens"
    | "saveRefreshFailure"
    | "dueOAuthCredentials"
    | "findProviderConfig"
    | "listProviderConfigs"
    | "putProviderConfig"
    | "deleteProviderConfig"
    | "findCustomProvider"
    | "listCustomProviders"
    | "putCustomProvider"
    | "deleteCustomProvider"
  >;
  readonly keyring: Keyring;
  readonly discover: Discover;
  readonly allowLoopback: boolean;
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly log: {
    record(entryId: string, body: KnownEntry, nonce: null): Promise<Recorded>;
    outcome(entryId: string, appId: string | null, body: OutcomeBody): void;
  };
  readonly sleep: (ms: number) => Promise<void>;
}

/** Longer than a refresh can take: an issuer that is asked for its endpoints, and then for the tokens. */
const LEASE_MS = 45_000;
const WAIT_MS = 50_000;
const POLL_MS = 40;
const SWEEP_AT_ONCE = 20;
const MOST_FAILING = 10_000;
/** A failing grant is tried again by calls after this long at the latest, whatever the sweep's schedule says. */
const REST_MS = 15_000;
const LATER: Failure = {
  ok: false,
  code: "token_refresh_failed",
  detail: "the provider does not refresh the credential at the moment",
};
const UNREADABLE: Failure = { ok: false, code: "credential_unreadable", detail: "the stored tokens do not open" };

export function createRefresher(deps: RefresherDeps): Refresher {
  const { store, keyring, now, random } = deps;
  const underWay = new Map<string, Promise<Fresh>>();
  /** Of grants that fail: when they were last tried here, so that not every call knocks at a provider that is down. */
  const triedAt = new Map<string, number>();
  let closed = false;

  /** One at a time for each grant; whoever comes meanwhile gets the same answer. */
  function refreshOnce(credential: OAuthCredentialRecord): Promise<Fresh> {
    const running = underWay.get(credential.id);
    if (running) return running;
    const started = refresh(credential, now() + WAIT_MS).finally(() => underWay.delete(credential.id));
    underWay.set(credential.id, started);
    return started;
  }

  async function refresh(known: OAuthCredentialRecord, deadline: number): Promise<Fresh> {
    const { appId, id } = known;
    const { version } = known;
    while (!closed) {
      const leaseId = deps.newId();
      const lease = await store.leaseOAuthCredential(appId, id, {
        version,
        leaseId,
        now: now(),
        until: now() + LEASE_MS,
      });
      switch (lease.got) {
        case "lease":
          return refreshLeased(lease.credential, leaseId);
        case "moved":
          return lease.credential ? opened(lease.credential) : gone(known);
        case "held":
          if (now() > deadline) return LATER;
          await deps.sleep(POLL_MS * (1 + random()));
      }
    }
    return { ok: false, code: "shutting_down", detail: "the vault is stopping" };
  }

  /** The entry has the lease's name: so whoever knows that its process has ended finds what it held. */
  async function refreshLeased(credential: OAuthCredentialRecord, entryId: string): Promise<Fresh> {
    const { appId, id, provider } = credential;
    const started = now();
    const recorded = await deps.log.record(
      entryId,
      {
        kind: "credential",
        action: "credential.refresh",
        app_id: appId,
        grant_id: id,
        provider,
        decision: "allow",
        rule: "base",
      },
      null,
    );
    if (recorded !== "recorded") {
      await giveBack(credential, "audit_unavailable");
      return { ok: false, code: "audit_unavailable", detail: "the audit log cannot be written" };
    }
    const opening = await openProviderClient(deps, appId, provider);
    const tokens = await openTokens(keyring, credential);
    if (!opening.ok || !tokens) {
      const failure = opening.ok ? UNREADABLE : opening;
      await giveBack(credential, failure.code);
      deps.log.outcome(entryId, appId, localOutcome("vault_error", failure.code, now() - started));
      return failure;
    }
    const renewed = await renew(deps, opening.client, credential, tokens);
    const result = renewed.ok
      ? await keep(opening.client, credential, renewed)
      : await fail(opening.client, credential, renewed);
    const [outcome, code] = result.ok ? (["done", null] as const) : (["vault_error", result.code] as const);
    deps.log.outcome(entryId, appId, localOutcome(outcome, code, now() - started));
    return result;
  }

  /**
   * Stores new tokens before anybody gets them. The provider may have ended the old ones, so there is no giving up: while
   * the storage fails they are kept here and tried again, and whoever needs them waits.
   */
  async function keep(
    client: ProviderClient,
    before: OAuthCredentialRecord,
    renewed: Renewed & { ok: true },
  ): Promise<Fresh> {
    const { appId, id, version } = before;
    const at = now();
    const { tokens, ...times } = renewed;
    const due = keepAliveAt(client.provider, { now: at, issuedAt: at, random: random(), ...times });
    const sealedTokens = await sealTokens(keyring, before, tokens);
    for (let pause = 50; ; pause = Math.min(pause * 2, 5_000)) {
      try {
        const saved = await store.saveRefreshedTokens(appId, id, version, {
          sealedTokens,
          grantedScopes: renewed.grantedScopes,
          variables: renewed.variables,
          tokenExpiresAt: renewed.tokenExpiresAt,
          refreshExpiresAt: renewed.refreshExpiresAt,
          refreshDueAt: due,
          at,
        });
        const credential = await store.findOAuthCredential(appId, id);
        if (!credential) return gone(before);
        return saved ? { ok: true, credential, tokens } : opened(credential);
      } catch (error) {
        if (closed) throw error;
        await deps.sleep(pause);
      }
    }
  }

  async function fail(
    { provider }: ProviderClient,
    before: OAuthCredentialRecord,
    { why, problem }: Renewed & { ok: false },
  ): Promise<Fresh> {
    const at = now();
    if (triedAt.size >= MOST_FAILING) triedAt.clear();
    triedAt.set(before.id, at);
    const dead = why === "dead" || why === "never";
    const due = dead
      ? why === "dead"
        ? secondOpinionAt(at, before.failures)
        : null
      : retryAt(at, before.failures, random());
    const saved = await store.saveRefreshFailure(before.appId, before.id, before.version, {
      state: dead ? "reauth_required" : "failing",
      problem,
      refreshDueAt: due,
      at,
    });
    if (!saved) {
      // Somebody was faster: with single-use tokens that is just why ours was refused.
      const current = await store.findOAuthCredential(before.appId, before.id);
      return current ? opened(current) : gone(before);
    }
    const details = { grant_id: before.id, provider_id: provider.id };
    switch (why) {
      case "dead":
      case "never":
        return {
          ok: false,
          code: "grant_revoked",
          detail: `${provider.name} no longer accepts the connection (${problem})`,
          details,
        };
      case "client":
        return {
          ok: false,
          code: "provider_client_rejected",
          detail: `${provider.name} refuses the client of this app (${problem})`,
          details,
        };
      case "later":
        return {
          ...LATER,
          detail: `${provider.name} does not refresh the credential at the moment (${problem})`,
          details,
        };
    }
  }

  /** Nothing was said to the provider: the lease goes back. */
  async function giveBack(
    { appId, id, version, failures, state }: OAuthCredentialRecord,
    problem: string,
  ): Promise<void> {
    const at = now();
    await store.saveRefreshFailure(appId, id, version, {
      state: state === "reauth_required" ? state : "failing",
      problem,
      refreshDueAt: retryAt(at, failures, random()),
      at,
    });
  }

  async function opened(credential: OAuthCredentialRecord): Promise<Fresh> {
    const tokens = await openTokens(keyring, credential);
    return tokens ? { ok: true, credential, tokens } : UNREADABLE;
  }

  /** There is no other token to be had: this one is dead, or the 401 meant something else. */
  async function doubt(credential: OAuthCredentialRecord, tokens: Tokens): Promise<Fresh | null> {
    const opening = await openProviderClient(deps, credential.appId, credential.provider);
    if (!opening.ok) return null;
    if (!(await isDead(deps.ask, opening.client, tokens, credential.variables))) return null;
    return fail(opening.client, credential, { ok: false, why: "never", problem: "token_dead" });
  }

  function isResting({ id, state, leaseId, refreshDueAt }: OAuthCredentialRecord): boolean {
    if (state !== "failing" || leaseId !== null || (refreshDueAt ?? 0) <= now()) return false;
    return now() - (triedAt.get(id) ?? Number.NEGATIVE_INFINITY) < REST_MS;
  }

  function isRefreshable(credential: OAuthCredentialRecord, tokens: Tokens): boolean {
    const isUsers = credential.flow === "authorization_code" || credential.flow === "device_code";
    // Where the access token is its own proof (`refresh.with`), the schedule has made it due.
    return !isUsers || tokens.refresh_token !== undefined || credential.refreshDueAt !== null;
  }

  return {
    async fresh(credential) {
      const { tokenExpiresAt, refreshedAt, connectedAt } = credential;
      const issuedAt = refreshedAt ?? connectedAt;
      const state = freshness({ now: now(), tokenExpiresAt, issuedAt, random: random() });
      const current = await opened(credential);
      if (!current.ok || state === "use") return current;
      if (!isRefreshable(credential, current.tokens)) {
        if (state === "ahead") return current;
        const details = { grant_id: credential.id, provider_id: credential.provider };
        return { ok: false, code: "grant_revoked", detail: "the tokens have ended, and cannot be refreshed", details };
      }
      if (state === "expired") return isResting(credential) ? LATER : refreshOnce(credential);
      // Good for a while: this call goes on with it. While it fails, the sweep tries again, not every call.
      if (credential.state === "ok" && credential.leaseId === null) void refreshOnce(credential).catch(() => undefined);
      return current;
    },

    async replace(credential) {
      const current = await store.findOAuthCredential(credential.appId, credential.id);
      if (!current) return null;
      if (current.version !== credential.version) return opened(current);
      const tokens = await openTokens(keyring, current);
      if (!tokens) return null;
      return isRefreshable(current, tokens) ? refreshOnce(current) : doubt(current, tokens);
    },

    async sweep() {
      const due = await store.dueOAuthCredentials(now(), SWEEP_AT_ONCE);
      await Promise.all(
        due.map(async ({ appId, id }) => {
          const credential = await store.findOAuthCredential(appId, id);
          if (credential && !closed) await refreshOnce(credential);
        }),
      );
      return due.length;
    },

    async close() {
      closed = true;
      await Promise.allSettled(underWay.values());
    },
  };
}

function gone({ id, provider }: OAuthCredentialRecord): Failure {
  const details = { grant_id: id, provider_id: provider };
  return { ok: false, code: "grant_revoked", detail: "the grant was revoked meanwhile", details };
}
