import type {
  ConnectedGrant,
  ConnectSettings,
  GrantData,
  GrantPolicy,
  InjectionRule,
  Scope,
} from "@alter-vault/protocol";
import type { SealContext } from "../crypto/envelope.ts";
import type { AgentStore } from "./agent-records.ts";
import type { ApprovalStore } from "./approval-records.ts";
import type { PolicyStore } from "./policy-records.ts";
import type { IdentityStore } from "./identity-records.ts";
import type { Soon } from "../soon.ts";

/**
 * What the vault keeps, in the words of the vault. Two drivers implement it and both pass `store.contract.ts`. A store
 * holds sealed values and never sees what is in them; every method that touches something of an app takes the app's id
 * and finds nothing of another's. Methods fail only when the storage itself fails, with {@link StorageUnavailable}.
 */
export interface Store
  extends
    AppStore,
    ApiKeyStore,
    SecretStore,
    GrantStore,
    OAuthCredentialStore,
    ProviderStore,
    ConnectStore,
    ToolCallStore,
    IdentityStore,
    AgentStore,
    PolicyStore,
    ApprovalStore,
    DataKeyStore,
    SealedRecordStore,
    LogStore,
    SettingStore {
  /** Whether other processes may be using the same storage at this moment. */
  readonly isShared: boolean;
  close(): Promise<void>;
}

/** The storage does not do what it should: full, gone, locked, broken. Nothing was changed. */
export class StorageUnavailable extends Error {
  override readonly name = "StorageUnavailable";
}

export interface AppRecord {
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
}

export interface AppStore {
  /** False when the name is taken. */
  insertApp(app: AppRecord): Promise<boolean>;
  findApp(id: string): Promise<AppRecord | null>;
  listApps(): Promise<AppRecord[]>;
}

export interface ApiKeyRecord {
  readonly id: string;
  readonly appId: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** The derived signing key, sealed. The secret of the API key is not stored. */
  readonly sealedSigningKey: Uint8Array;
  /** The agent it belongs to; null: the app itself. */
  readonly agentId: string | null;
  readonly cidrs: readonly string[] | null;
  readonly requestsPerMinute: number | null;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  /** It still works, and every answer says that it should not be used. */
  readonly deprecatedAt: number | null;
  readonly revokedAt: number | null;
}

export interface ApiKeyStore {
  insertApiKey(key: ApiKeyRecord): Promise<void>;
  /** By its public id alone: this is how a caller is found before it is known to which app it belongs. */
  findApiKey(id: string): Soon<ApiKeyRecord | null>;
  listApiKeys(appId: string): Promise<ApiKeyRecord[]>;
  /** Keeps the first revocation time. Null when the app has no such key. */
  revokeApiKey(appId: string, id: string, at: number): Promise<ApiKeyRecord | null>;
  /** Null takes a deprecation back. */
  deprecateApiKey(appId: string, id: string, at: number | null): Promise<ApiKeyRecord | null>;
}

export interface SecretRecord {
  readonly id: string;
  readonly appId: string;
  readonly name: string;
  readonly provider: string;
  readonly injection: InjectionRule;
  readonly allowedHosts: readonly string[];
  readonly sealedValue: Uint8Array;
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface SecretChange {
  readonly name?: string;
  readonly allowedHosts?: readonly string[];
  readonly value?: { readonly sealed: Uint8Array; readonly injection?: InjectionRule };
  readonly at: number;
}

export interface SecretStore {
  /** The secret and its first grant in one write. False when the app has a secret of that name. */
  insertSecret(secret: SecretRecord, grant: GrantRecord): Promise<boolean>;
  findSecret(appId: string, id: string): Promise<SecretRecord | null>;
  listSecrets(appId: string, page: Page): Promise<Listed<SecretRecord>>;
  /** A new value raises the version. `taken` when the new name belongs to another secret. */
  updateSecret(appId: string, id: string, change: SecretChange): Promise<SecretRecord | "taken" | null>;
  /** Deletes secret and value; its grants stay as deleted. Returns what was there. */
  deleteSecret(appId: string, id: string, at: number): Promise<SecretRecord | null>;
}

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

/** How the tokens were obtained, and so how new ones are. */
export type OAuthFlow = "authorization_code" | "device_code" | "client_credentials" | "jwt_bearer" | "installation";

/** The tokens of a grant. Its id is the grant's. */
export interface OAuthCredentialRecord {
  readonly id: string;
  readonly appId: string;
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
  /** Whoever refreshes at the moment. Still there after a crash: that refresh may have reached the provider. */
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

/** How an app is known at a provider. */
export interface ProviderConfigRecord {
  readonly id: string;
  readonly appId: string;
  readonly provider: string;
  readonly clientId: string;
  /** Client secret and private key, sealed; see `credential/client-secret.ts`. */
  readonly sealedClient: Uint8Array;
  readonly hasClientSecret: boolean;
  readonly hasPrivateKey: boolean;
  readonly variables: Readonly<Record<string, string>>;
  readonly allowedScopes: readonly string[] | null;
  readonly defaultScopes: readonly string[];
  /** Null: the vault's own callback. */
  readonly redirectUri: string | null;
  readonly grantSchema: Readonly<Record<string, unknown>> | null;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** An entry of an app's own catalogue; `definition` is JSON that was checked before it was stored. */
export interface CustomProviderRecord {
  readonly appId: string;
  readonly provider: string;
  readonly definition: string;
  readonly createdAt: number;
}

export interface ProviderStore {
  findProviderConfig(appId: string, provider: string): Promise<ProviderConfigRecord | null>;
  listProviderConfigs(appId: string): Promise<ProviderConfigRecord[]>;
  /** Replaces the app's configuration of that provider, if there is one; its id and creation time stay. */
  putProviderConfig(config: ProviderConfigRecord): Promise<ProviderConfigRecord>;
  deleteProviderConfig(appId: string, provider: string): Promise<ProviderConfigRecord | null>;
  findCustomProvider(appId: string, provider: string): Promise<CustomProviderRecord | null>;
  listCustomProviders(appId: string): Promise<CustomProviderRecord[]>;
  putCustomProvider(record: CustomProviderRecord): Promise<void>;
  deleteCustomProvider(appId: string, provider: string): Promise<CustomProviderRecord | null>;
}

/** A user's chance to connect. Found by the hash of its token; `options` is the checked request that made it. */
export interface ConnectSessionRecord {
  readonly id: string;
  readonly appId: string;
  readonly tokenHash: string;
  readonly options: string;
  /** `expired` is not stored: it is a pending session whose time is over. */
  readonly status: "pending" | "completed" | "denied" | "failed";
  readonly grants: readonly ConnectedGrant[];
  readonly error: ConnectSessionError | null;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface ConnectSessionError {
  readonly code: string;
  readonly detail: string;
  readonly providerId: string | null;
}

export interface ConnectSessionChange {
  readonly status?: ConnectSessionRecord["status"];
  /** Put beside the others; takes the place of one with the same grant id. */
  readonly grant?: ConnectedGrant;
  readonly error?: ConnectSessionError | null;
}

/** One way to a provider and back. Found by the hash of its state, used once. */
export interface ConnectAttemptRecord {
  readonly id: string;
  readonly appId: string;
  readonly sessionId: string;
  readonly provider: string;
  readonly stateHash: string;
  /** Hash of the cookie of the browser that started it; "" for a device code. */
  readonly browserHash: string;
  /** PKCE verifier, nonce, device code: sealed. */
  readonly sealedSecrets: Uint8Array;
  readonly askedScopes: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly usedAt: number | null;
}

export interface ConnectStore {
  insertConnectSession(session: ConnectSessionRecord): Promise<void>;
  findConnectSession(tokenHash: string): Promise<ConnectSessionRecord | null>;
  findConnectSessionById(appId: string, id: string): Promise<ConnectSessionRecord | null>;
  /** Only while it is pending. Null: it is not, and nothing was written. */
  changeConnectSession(appId: string, id: string, change: ConnectSessionChange): Promise<ConnectSessionRecord | null>;
  insertConnectAttempt(attempt: ConnectAttemptRecord): Promise<void>;
  /** Whoever asks first gets it, `usedAt` null; everybody after sees when it was used. Null: there is none. */
  takeConnectAttempt(stateHash: string, at: number): Promise<ConnectAttemptRecord | null>;
  /** The newest attempt of a session, without using it up: for device codes, which are asked for again and again. */
  findConnectAttempt(appId: string, sessionId: string): Promise<ConnectAttemptRecord | null>;
  /** Sessions and attempts that ended before this moment. Returns how many were deleted. */
  forgetConnectSessions(expiredBefore: number, limit: number): Promise<number>;
  findConnectSettings(appId: string): Promise<ConnectSettings | null>;
  putConnectSettings(appId: string, settings: ConnectSettings): Promise<void>;
}

/** A call of a tool call that was made, to be known when it comes again. */
export interface ToolCallRecord {
  /** A hash of what names it; see `tool-calls/tool-call-name.ts`. */
  readonly id: string;
  readonly appId: string;
  /** Of what was asked. */
  readonly requestHash: string;
  /** The log entry of whoever made it. */
  readonly entryId: string;
  /** `open`: under way. `done`: made, its answer was not kept. `unknown`: nobody will ever know. */
  readonly state: "open" | "answered" | "done" | "unknown";
  readonly claimedAt: number;
  readonly expiresAt: number;
}

export interface ToolCallStore {
  /** Null: nobody made it before `now`, or that has expired, and it is claimed, durably. Otherwise what is known of it. */
  claimToolCall(call: ToolCallRecord, now: number): Promise<ToolCallRecord | null>;
  /** By whoever claimed it (`entryId`), while it is open; nothing happens otherwise. */
  settleToolCall(
    appId: string,
    id: string,
    entryId: string,
    state: "answered" | "done" | "unknown",
    sealedAnswer: Uint8Array | null,
  ): Promise<void>;
  /** It was not made: as if it had not been claimed. By whoever claimed it, while it is open. */
  releaseToolCall(appId: string, id: string, entryId: string): Promise<void>;
  /** What is known of it, without claiming it. Null: nothing, or it has expired. */
  findToolCall(appId: string, id: string, now: number): Promise<ToolCallRecord | null>;
  findToolCallAnswer(appId: string, id: string): Promise<Uint8Array | null>;
  /** For the only process of an embedded store, at its start: what is open was left so by one that ended. */
  abandonToolCalls(): Promise<number>;
  /** Those that expired before this moment, the oldest first. Returns how many. */
  forgetToolCalls(expiredBefore: number, limit: number): Promise<number>;
}

/** Keyset paging: `after` is the id of the last record of the page before. Records come in the order they were made. */
export interface Page {
  readonly after: string | null;
  /** For callers who count instead of following the cursor; at most 10,000. */
  readonly skip: number;
  readonly limit: number;
}

export interface Listed<T> {
  readonly records: readonly T[];
  readonly hasMore: boolean;
  /** Counted up to {@link COUNT_CAP}. */
  readonly total: number;
}

export const COUNT_CAP = 10_001;

export interface DataKeyRecord {
  readonly id: string;
  /** "" is the vault itself. */
  readonly appId: string;
  readonly masterKeyId: string;
  readonly wrapped: Uint8Array;
  readonly active: boolean;
  readonly createdAt: number;
}

export interface DataKeyStore {
  /** All of them, or those made since a moment. */
  listDataKeys(createdSince?: number): Promise<DataKeyRecord[]>;
  /** An active key takes the place of the app's active one in the same write. */
  insertDataKey(key: DataKeyRecord): Promise<void>;
  rewrapDataKey(id: string, masterKeyId: string, wrapped: Uint8Array): Promise<void>;
  /**
   * Shared storage shows every sealed value before it hands out the record it is in, and waits: another process may have
   * sealed it with a key it made a moment ago. An embedded store has nobody to wait for.
   */
  onSealed(learn: (sealed: Uint8Array) => Promise<void> | undefined): void;
}

export interface SealedRecord {
  readonly context: SealContext;
  readonly sealed: Uint8Array;
}

export interface SealedChange {
  readonly context: SealContext;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

export interface SealedRecordStore {
  /** Everything that is sealed, in a stable order. Start with `after` "" and go on with `next` until it is null. */
  sealedRecords(after: string, limit: number): Promise<{ records: SealedRecord[]; next: string | null }>;
  /** In one write; leaves out records that no longer hold `before`. Returns how many were replaced. */
  replaceSealed(changes: readonly SealedChange[]): Promise<number>;
  countSealed(): Promise<{ total: number; byKey: ReadonlyMap<string, number> }>;
}

export interface SettingStore {
  getSetting(name: string): Promise<Uint8Array | null>;
  /** Only when it is not there yet; returns what is there afterwards. */
  insertSetting(name: string, value: Uint8Array): Promise<Uint8Array>;
}

/** A row of the log before it has a place in the chain. `body` is the JSON that is hashed, as it stands. */
export interface LogDraft {
  readonly kind: "entry" | "outcome";
  readonly entryId: string;
  readonly appId: string | null;
  readonly at: number;
  readonly body: string;
}

export interface LogRow extends LogDraft {
  readonly writer: string;
  readonly seq: number;
  readonly hash: Uint8Array;
}

/** What makes a signed request one of a kind: used once for its key and its time. */
export interface Nonce {
  readonly created: number;
  readonly keyId: string;
  readonly nonce: string;
}

export interface LogAppend {
  readonly draft: LogDraft | null;
  readonly nonce: Nonce | null;
}

export interface ChainHead {
  readonly seq: number;
  readonly hash: Uint8Array;
}

/** What links a draft to the row before it. */
export type Link = (head: ChainHead, draft: LogDraft) => ChainHead;

/** Values a log entry can be found by, beside its app and its time. */
export const LOG_REFS = ["run_id", "thread_id", "tool_call_id", "grant_id", "agent", "agent_id", "user_id"] as const;
export type LogRef = (typeof LOG_REFS)[number];

export interface LogFilter {
  readonly refs: Readonly<Partial<Record<LogRef, string>>>;
  readonly since: number | null;
  readonly until: number | null;
}

export interface LogPage {
  /** The `cursor` of the entry to go on after; null: from the end. */
  readonly from: string | null;
  readonly order: "newest" | "oldest";
  readonly limit: number;
}

export interface EntryWithOutcome {
  readonly entry: LogRow;
  readonly outcome: LogRow | null;
  /** Its place in lists, which go over all chains in the order of time. Means something to this store alone. */
  readonly cursor: string;
}

export interface Checkpoint {
  readonly writer: string;
  readonly seq: number;
  readonly hash: Uint8Array;
  readonly at: number;
  readonly signature: Uint8Array;
}

/** Chains that a process is writing at this moment: writer -> the last row from before that process. */
export type RunningChains = ReadonlyMap<string, number>;

export interface LogStore {
  /**
   * A chain for this process, which nobody else writes until it is closed: one that was closed, else a new one named
   * `fresh`. An embedded store has one chain, "main".
   */
  openChain(fresh: string): Promise<{ readonly writer: string; readonly head: ChainHead }>;
  closeChain(writer: string): Promise<void>;
  /** Says that this one is still being written; a chain of which that was not said for long has lost its process. */
  touchChain(writer: string): Promise<void>;
  runningChains(): Promise<RunningChains>;
  chainHead(writer: string): Promise<ChainHead>;
  chainWriters(): Promise<string[]>;
  /** Makes room for the entries of the time to come. Call it now and then. */
  prepareLog(now: number): Promise<void>;
  /**
   * All in one durable write, if `head` is the end of the chain. An append whose nonce is already there is left out, with no place in the chain, and
   * answered with `replayed`; its neighbours are written all the same.
   */
  appendLog(
    writer: string,
    head: ChainHead,
    appends: readonly LogAppend[],
    link: Link,
  ): Promise<{ head: ChainHead; results: ("written" | "replayed")[] }>;
  /** From the oldest on, at most `limit`; call it often. */
  forgetNonces(createdBefore: number, limit: number): Promise<void>;

  readChain(writer: string, afterSeq: number, limit: number): Promise<LogRow[]>;
  findEntry(appId: string, entryId: string): Promise<EntryWithOutcome | null>;
  /** `appId` null reads the entries that belong to no app. */
  listEntries(appId: string | null, filter: LogFilter, page: LogPage): Promise<EntryWithOutcome[]>;
  /** Brings the search index of {@link LOG_REFS} up to date, at most `limit` rows; returns how many were left. */
  indexLog(limit: number): Promise<number>;

  insertCheckpoint(checkpoint: Checkpoint): Promise<void>;
  listCheckpoints(writer: string): Promise<Checkpoint[]>;
}
