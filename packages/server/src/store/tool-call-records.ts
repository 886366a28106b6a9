/** A call of a tool call that was made, to be known when it comes again. */
export interface ToolCallRecord {
  /** A hash of what names it; see `tool-calls/tool-call-name.ts`. */
  readonly id: string;
  readonly appId: string;
  /** Whose account it was made with, or who asked: whose key seals the answer. Null: nobody's. */
  readonly userId: string | null;
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
  /** Whether another process is making that call, as far as can be told: it is heard of, and has not written an outcome. */
  isCallUnderWay(appId: string, entryId: string): Promise<boolean>;
  /** For the only process of an embedded store, at its start: what is open was left so by one that ended. */
  abandonToolCalls(): Promise<number>;
  /** Those that expired before this moment, the oldest first. Returns how many. */
  forgetToolCalls(expiredBefore: number, limit: number): Promise<number>;
}
