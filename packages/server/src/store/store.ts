import type { InjectionRule, Scope } from "@alter-vault/protocol";
import type { SealContext } from "../crypto/envelope.ts";
import type { OwnedContext } from "../crypto/keyring.ts";
import type { Soon } from "../soon.ts";
import type { AgentStore } from "./agent-records.ts";
import type { ApprovalStore } from "./approval-records.ts";
import type { ConnectStore } from "./connect-records.ts";
import type { GrantRecord, GrantStore } from "./grant-records.ts";
import type { IdentityStore } from "./identity-records.ts";
import type { LimitStore } from "./limit-records.ts";
import type { LogStore } from "./log-records.ts";
import type { OAuthCredentialStore } from "./oauth-records.ts";
import type { PolicyStore } from "./policy-records.ts";
import type { ProviderStore } from "./provider-records.ts";
import type { ToolCallStore } from "./tool-call-records.ts";
import type { UserKeyStore } from "./user-key-records.ts";
import type { ErasureStore } from "./user-places.ts";

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
    LimitStore,
    ApprovalStore,
    DataKeyStore,
    UserKeyStore,
    ErasureStore,
    SealedRecordStore,
    LogStore,
    SettingStore {
  /** Whether other processes may be using the same storage at this moment. */
  readonly isShared: boolean;
  /** Throws {@link StorageTooNew} when a newer program has taken away meanwhile what this one needs. */
  checkVersion(): Promise<void>;
  close(): Promise<void>;
}

/** The storage does not do what it should: full, gone, locked, broken. Nothing was changed. */
export class StorageUnavailable extends Error {
  override readonly name = "StorageUnavailable";
}

/** The storage was changed by a newer program, in a way that this one cannot live with. Nothing was changed. */
export class StorageTooNew extends Error {
  override readonly name = "StorageTooNew";
}

/** The storage has to be changed in a way that a program which still uses it could not live with. Nothing was changed. */
export class StorageInOlderUse extends Error {
  override readonly name = "StorageInOlderUse";
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
  /** Unless it is active. False: it is, or there is none. */
  deleteDataKey(id: string): Promise<boolean>;
  rewrapDataKey(id: string, masterKeyId: string, wrapped: Uint8Array): Promise<void>;
  /**
   * Shared storage shows every sealed value before it hands out the record it is in, and waits: another process may have
   * sealed it with a key it made a moment ago. An embedded store has nobody to wait for.
   */
  onSealed(learn: (sealed: Uint8Array) => Promise<void> | undefined): void;
}

export interface SealedRecord {
  readonly context: OwnedContext;
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
  /** What is sealed with keys of apps by key, and how many users have a key that is older than that of their app. */
  countSealed(): Promise<{ total: number; byKey: ReadonlyMap<string, number>; staleUserKeys: number }>;
}

export interface SettingStore {
  getSetting(name: string): Promise<Uint8Array | null>;
  /** Only when it is not there yet; returns what is there afterwards. */
  insertSetting(name: string, value: Uint8Array): Promise<Uint8Array>;
}
