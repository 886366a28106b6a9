import type { ChainHead } from "./log-records.ts";

/** How long the log is kept. It is one for the whole vault: entries of all apps lie in the same chains. */
export interface Retention {
  readonly days: number;
  /** The key that said so. */
  readonly setBy: string;
  readonly setAt: number;
}

/** Entries that must not go, and why. It is in force until it is released, and stays to be read afterwards. */
export interface HoldRecord {
  readonly id: string;
  readonly appId: string;
  /** Only those of this user; null: of all. */
  readonly userId: string | null;
  /** Only those written from then on, and before then; null: no bound. */
  readonly since: number | null;
  readonly until: number | null;
  readonly reason: string;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly releasedBy: string | null;
  readonly releasedAt: number | null;
}

/** Where a chain begins, since what was before it was removed: its last removed row, signed. */
export interface ChainStart extends ChainHead {
  readonly writer: string;
  /** What was removed was older than this. */
  readonly before: number;
  readonly at: number;
  readonly signature: Uint8Array;
}

export type SignStart = (unsigned: Omit<ChainStart, "signature">) => ChainStart;

export interface PruneWish {
  /** What is older goes. */
  readonly before: number;
  readonly now: number;
  /** Of rows, where they are removed one by one. */
  readonly limit: number;
  readonly sign: SignStart;
}

export interface Pruned {
  readonly rows: number;
  /** There is more that can go: ask again. */
  readonly hasMore: boolean;
  /** The hold that keeps the oldest of what is left, and with it all that came after; null: none. */
  readonly heldBy: string | null;
}

export interface RetentionStore {
  getRetention(): Promise<Retention | null>;
  /** Null: it is kept for ever. */
  setRetention(retention: Retention | null): Promise<void>;
  insertHold(hold: HoldRecord): Promise<void>;
  /** Newest first, with those that were released. */
  listHolds(appId: string): Promise<HoldRecord[]>;
  /** Keeps the first release. Null when the app has no such hold. */
  releaseHold(appId: string, id: string, by: string, at: number): Promise<HoldRecord | null>;
  chainStarts(): Promise<ChainStart[]>;
  /**
   * Removes from the oldest row on what is older than wanted, in one write with the new starts of its chains, and stops
   * at the first that a hold keeps. A store that keeps its log in pieces of time removes whole pieces, and nothing of one
   * in which a hold keeps anything.
   */
  pruneLog(wish: PruneWish): Promise<Pruned>;
}
