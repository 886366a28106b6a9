import type { RetentionStore } from "./retention-records.ts";
import type { Soon } from "../soon.ts";

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

export interface LogStore extends RetentionStore {
  /**
   * A chain for this process, which nobody else writes until it is closed: one that was closed, else a new one named after
   * the process. `process` is what it is called, and nobody else ever. An embedded store has one chain, "main".
   */
  openChain(process: string): Promise<{ readonly writer: string; readonly head: ChainHead }>;
  closeChain(writer: string): Promise<void>;
  /**
   * The process of that name is known to have ended, seen by whoever says so: closes its chain, and lets go of
   * what it held. Without that knowledge a process that is silent may be alive, and in the middle of one. An
   * embedded store has nobody else.
   */
  endProcess(process: string, now: number): Promise<void>;
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
  /**
   * Whether a request with it was written down: for what must not be done for a replay before that is found out by the
   * write. False says nothing about one that is being written at this moment.
   */
  nonceUsed(nonce: Nonce): Soon<boolean>;
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
