import type { InjectionRule, Scope } from "@alter-vault/protocol";
import type { SealContext } from "../crypto/envelope.ts";
import type { Soon } from "../soon.ts";

/**
 * What the vault keeps, in the words of the vault. Two drivers implement it and both pass `store.contract.ts`. A store
 * holds sealed values and never sees what is in them; every method that touches something of an app takes the app's id
 * and finds nothing of another's. Methods fail only when the storage itself fails, with {@link StorageUnavailable}.
 */
export interface Store
  extends AppStore, ApiKeyStore, SecretStore, GrantStore, DataKeyStore, SealedRecordStore, LogStore, SettingStore {
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
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
}

export interface ApiKeyStore {
  insertApiKey(key: ApiKeyRecord): Promise<void>;
  /** By its public id alone: this is how a caller is found before it is known to which app it belongs. */
  findApiKey(id: string): Soon<ApiKeyRecord | null>;
  listApiKeys(appId: string): Promise<ApiKeyRecord[]>;
  /** Keeps the first revocation time. Null when the app has no such key. */
  revokeApiKey(appId: string, id: string, at: number): Promise<ApiKeyRecord | null>;
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
  readonly secretId: string;
  readonly provider: string;
  readonly principalType: "system";
  readonly label: string | null;
  readonly status: "active" | "revoked" | "deleted";
  readonly allowRetrieve: boolean;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
}

/** A grant together with what it opens; null when the secret is gone. */
export interface GrantWithSecret {
  readonly grant: GrantRecord;
  readonly secret: SecretRecord | null;
}

export interface GrantFilter {
  readonly provider?: string;
  /** `expired` is an active grant whose time is over at `now`. */
  readonly status?: "active" | "revoked" | "deleted" | "expired";
  readonly now: number;
}

export interface GrantStore {
  insertGrant(grant: GrantRecord): Promise<void>;
  findGrant(appId: string, id: string): Soon<GrantWithSecret | null>;
  /** Active system grants for a provider, at most `limit`, in the order they were made. */
  findGrantsByProvider(appId: string, provider: string, limit: number): Promise<GrantWithSecret[]>;
  listGrants(appId: string, filter: GrantFilter, page: Page): Promise<Listed<GrantRecord>>;
  updateGrant(
    appId: string,
    id: string,
    change: { readonly label?: string; readonly allowRetrieve?: boolean },
  ): Promise<GrantRecord | null>;
  /** Null when there is no active grant of that id. */
  revokeGrant(appId: string, id: string, at: number): Promise<GrantRecord | null>;
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
  listDataKeys(): Promise<DataKeyRecord[]>;
  /** An active key takes the place of the app's active one in the same write. */
  insertDataKey(key: DataKeyRecord): Promise<void>;
  rewrapDataKey(id: string, masterKeyId: string, wrapped: Uint8Array): Promise<void>;
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
export const LOG_REFS = ["run_id", "thread_id", "tool_call_id", "grant_id", "agent"] as const;
export type LogRef = (typeof LOG_REFS)[number];

export interface LogFilter {
  readonly refs: Readonly<Partial<Record<LogRef, string>>>;
  readonly since: number | null;
  readonly until: number | null;
}

export interface LogPage {
  /** Sequence numbers strictly before this one (newest first) or after it (oldest first); null: from the end. */
  readonly from: number | null;
  readonly order: "newest" | "oldest";
  readonly limit: number;
}

export interface EntryWithOutcome {
  readonly entry: LogRow;
  readonly outcome: LogRow | null;
}

export interface Checkpoint {
  readonly writer: string;
  readonly seq: number;
  readonly hash: Uint8Array;
  readonly at: number;
  readonly signature: Uint8Array;
}

export interface LogStore {
  chainHead(writer: string): Promise<ChainHead>;
  chainWriters(): Promise<string[]>;
  /**
   * All in one durable write. An append whose nonce is already there is left out, with no place in the chain, and
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
