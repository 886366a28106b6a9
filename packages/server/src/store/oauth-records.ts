import type { GrantData, GrantPolicy } from "@alter-vault/protocol";
import type { GrantAccount, GrantRecord, GrantWithSecret, Principal } from "./grant-records.ts";

/** How the tokens were obtained, and so how new ones are. */
export type OAuthFlow = "authorization_code" | "device_code" | "client_credentials" | "jwt_bearer" | "installation";

/** The tokens of a grant. Its id is the grant's. */
export interface OAuthCredentialRecord {
  readonly id: string;
  readonly appId: string;
  /** Of the grant's user, if it is one's: whose key seals the tokens. */
  readonly userId: string | null;
  readonly provider: string;
  readonly flow: OAuthFlow;
  /** Raised by every write of tokens; nobody overwrites tokens newer than those they started from. */
  readonly version: number;
  readonly sealedTokens: Uint8Array;
  readonly askedScopes: readonly string[];
  readonly grantedScopes: readonly string[];
  /** Values of the provider's URL variables for this account. */
  readonly variables: Readonly<Record<string, string>>;
  readonly tokenExpiresAt: number | null;
  readonly refreshExpiresAt: number | null;
  /** When the vault wants to refresh by itself; null: never. */
  readonly refreshDueAt: number | null;
  readonly connectedAt: number;
  readonly refreshedAt: number | null;
  readonly state: "ok" | "failing" | "reauth_required";
  /** For people; the provider's error code at most. */
  readonly problem: string | null;
  readonly failingSince: number | null;
  /** How many refreshes failed in a row. */
  readonly failures: number;
  /**
   * Whoever refreshes at the moment: the id of the refresh's entry in the log. Still there after a crash: that refresh may
   * have reached the provider.
   */
  readonly leaseId: string | null;
  readonly leaseUntil: number | null;
}

/** What a refresh brought. */
export interface RefreshedTokens {
  readonly sealedTokens: Uint8Array;
  readonly grantedScopes: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  readonly tokenExpiresAt: number | null;
  readonly refreshExpiresAt: number | null;
  readonly refreshDueAt: number | null;
  readonly at: number;
}

export interface RefreshFailure {
  readonly state: "failing" | "reauth_required";
  readonly problem: string;
  readonly refreshDueAt: number | null;
  readonly at: number;
}

export type Lease =
  | { readonly got: "lease"; readonly credential: OAuthCredentialRecord }
  /** Somebody else refreshes. */
  | { readonly got: "held"; readonly until: number }
  /** Refreshed, connected again or gone since. */
  | { readonly got: "moved"; readonly credential: OAuthCredentialRecord | null };

/** What connecting an account again changes in its grant. */
export interface Reconnected {
  readonly label?: string;
  readonly expiresAt: number | null;
  readonly policy: GrantPolicy | null;
  readonly account: GrantAccount;
  readonly data?: GrantData;
}

export interface OAuthCredentialStore {
  /** The grant of a principal for an account that is not deleted. */
  findGrantByAccount(
    appId: string,
    provider: string,
    principal: Principal,
    accountId: string,
  ): Promise<GrantWithSecret | null>;
  /** Grant and tokens in one write. False when the account has a grant already. */
  insertOAuthGrant(grant: GrantRecord, credential: OAuthCredentialRecord): Promise<boolean>;
  /** Active again, with new tokens of a higher version, in one write. Null when the grant is gone or deleted. */
  reconnectGrant(
    appId: string,
    id: string,
    change: Reconnected,
    credential: OAuthCredentialRecord,
  ): Promise<GrantRecord | null>;
  findOAuthCredential(appId: string, id: string): Promise<OAuthCredentialRecord | null>;
  /** The right to refresh tokens of this version, for one at a time. Sets `refreshDueAt` to `until`. */
  leaseOAuthCredential(
    appId: string,
    id: string,
    lease: { readonly version: number; readonly leaseId: string; readonly now: number; readonly until: number },
  ): Promise<Lease>;
  /** Only over tokens of this version; raises it and ends the lease. False: somebody was faster, nothing was written. */
  saveRefreshedTokens(appId: string, id: string, version: number, tokens: RefreshedTokens): Promise<boolean>;
  /** Only over tokens of this version, which stay as they are. Ends the lease. */
  saveRefreshFailure(appId: string, id: string, version: number, failure: RefreshFailure): Promise<boolean>;
  /** What the vault wants to refresh by itself, longest overdue first. */
  dueOAuthCredentials(now: number, limit: number): Promise<{ appId: string; id: string }[]>;
  /** At the start of an embedded store's only process: whoever held a lease is gone. Does nothing to shared storage. */
  breakOAuthLeases(): Promise<{ appId: string; id: string }[]>;
  /** Ends the grant and deletes the tokens in one write. Null when there is no grant of that id that can be ended so. */
  endOAuthGrant(appId: string, id: string, status: "revoked" | "deleted", at: number): Promise<GrantRecord | null>;
  /** Connected accounts that match, in the order they were made; for revoking many. */
  findOAuthGrants(appId: string, filter: OAuthGrantFilter, after: string, limit: number): Promise<GrantRecord[]>;
}

export interface OAuthGrantFilter {
  readonly provider?: string;
  readonly accountIdentifier?: string;
  readonly principal?: Principal;
  readonly createdBefore?: number;
  readonly createdAfter?: number;
}
