import type { GrantData, GrantPolicy } from "@alter-vault/protocol";
import type { Soon } from "../soon.ts";
import type { OAuthCredentialRecord } from "./oauth-records.ts";
import type { Listed, Page, SecretRecord } from "./store.ts";

export interface GrantRecord {
  readonly id: string;
  readonly appId: string;
  /** Null for OAuth. */
  readonly secretId: string | null;
  readonly provider: string;
  readonly principalType: Principal["type"];
  /** Of the user, group or agent; null for `system`. */
  readonly principalId: string | null;
  readonly label: string | null;
  /** `deleted`: for good, connecting again makes another grant. */
  readonly status: "active" | "revoked" | "deleted";
  readonly allowRetrieve: boolean;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  /** OAuth: whose account it is; null for a managed secret. */
  readonly account: GrantAccount | null;
  readonly policy: GrantPolicy | null;
  readonly data: GrantData | null;
}

/** On whose behalf a credential exists. */
export interface Principal {
  readonly type: "system" | "user" | "group" | "agent";
  readonly id: string | null;
}

export const SYSTEM: Principal = { type: "system", id: null };

export interface GrantAccount {
  /** The same for the same account, always: what connecting again is recognised by. */
  readonly id: string;
  /** What the user knows the account by. */
  readonly identifier: string;
  readonly name: string | null;
}

/** A grant together with what it opens: a secret or a connected account's tokens; both null when that is gone. */
export interface GrantWithSecret {
  readonly grant: GrantRecord;
  readonly secret: SecretRecord | null;
  readonly oauth: OAuthCredentialRecord | null;
}

export interface GrantFilter {
  readonly provider?: string;
  /** Only those of these principals, and those that users who stand delegated as it says. */
  readonly principals?: readonly Principal[];
  readonly delegated?: Delegated;
  /** Only for these providers; only these grants. */
  readonly providers?: readonly string[];
  readonly ids?: readonly string[];
  /** `expired` is an active grant whose time is over at `now`. */
  readonly status?: "active" | "revoked" | "deleted" | "expired";
  readonly now: number;
}

export interface ProviderAccount {
  readonly provider: string;
  /** The grant's label, or the account's id or identifier. */
  readonly account?: string | undefined;
}

/**
 * What was delegated to an agent: by one user, who is known to stand, or by anybody who does (neither suspended nor
 * deleted, of an identity provider that is active).
 */
export interface Delegated {
  readonly agentId: string;
  readonly userId?: string;
}

export interface LentGrant extends GrantWithSecret {
  readonly delegationId: string;
}

export interface GrantStore {
  insertGrant(grant: GrantRecord): Promise<void>;
  findGrant(appId: string, id: string): Soon<GrantWithSecret | null>;
  /** Active grants of these principals for a provider, at most `limit`, in the order they were made. */
  findGrantsByProvider(
    appId: string,
    wanted: ProviderAccount,
    principals: readonly Principal[],
    limit: number,
  ): Promise<GrantWithSecret[]>;
  /** Active grants for a provider that were delegated and are still, at most `limit`, in the order they were made. */
  findDelegatedGrants(
    appId: string,
    wanted: ProviderAccount,
    delegated: Delegated,
    now: number,
    limit: number,
  ): Promise<LentGrant[]>;
  listGrants(appId: string, filter: GrantFilter, page: Page): Promise<Listed<GrantWithSecret>>;
  updateGrant(
    appId: string,
    id: string,
    change: { readonly label?: string; readonly allowRetrieve?: boolean },
  ): Promise<GrantRecord | null>;
  /** Deletes the managed-secret grants of a principal. */
  deleteGrantsOf(appId: string, principal: Principal, at: number): Promise<void>;
  /** Null when there is no active grant of that id. */
  revokeGrant(appId: string, id: string, at: number): Promise<GrantRecord | null>;
  setGrantData(appId: string, id: string, data: GrantData): Promise<GrantRecord | null>;
}
