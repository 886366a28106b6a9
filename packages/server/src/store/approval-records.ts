/** Calls that somebody must say yes to. */
export interface ApprovalRecord {
  readonly id: string;
  readonly appId: string;
  /** Of the exact call and who makes it: the same call again is the same approval, as long as that is open. */
  readonly requestHash: string;
  /** `taken`: executed, and its result was handed out. Expiry is not stored: it is a pending one whose time is over. */
  readonly status: "pending" | "approved" | "executing" | "executed" | "taken" | "denied" | "failed";
  /** Who asked. */
  readonly keyId: string;
  readonly agentId: string | null;
  readonly userId: string | null;
  /** What is asked for, as approvers see it; the call itself is sealed. */
  readonly shown: ShownCall;
  readonly requirements: readonly ApprovalRequirement[];
  /** The log entry of the asking. */
  readonly entryId: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly decidedAt: number | null;
  readonly decisionReason: string | null;
  readonly executedAt: number | null;
  /** Why it failed, for people. */
  readonly problem: string | null;
}

export interface ShownCall {
  readonly method: string;
  /** Masked. */
  readonly url: string;
  readonly provider: string;
  readonly grantId: string;
  readonly operation: string | null;
  readonly reason: string;
  readonly agentName: string | null;
  readonly caller: Readonly<Record<string, unknown>>;
  readonly context: Readonly<Record<string, string>>;
}

/** What one rule asks for. */
export interface ApprovalRequirement {
  readonly ruleId: string;
  readonly users: readonly string[];
  readonly groups: readonly string[];
  readonly operator: boolean;
  readonly quorum: number;
  readonly allowSelf: boolean;
}

export interface ApprovalVote {
  /** `user 0190…` or `key ak_…`: nobody votes twice. */
  readonly approver: string;
  readonly decision: "approve" | "deny";
  readonly reason: string | null;
  /** The rules whose approver this is. */
  readonly ruleIds: readonly string[];
  readonly at: number;
}

export type Voted =
  | { readonly ok: true; readonly approval: ApprovalRecord; readonly votes: readonly ApprovalVote[] }
  /** `closed`: decided, or its time is over. `voted`: by this approver. */
  | { readonly ok: false; readonly why: "unknown" | "closed" | "voted" };

export interface ApprovalEnd {
  readonly status: "executed" | "failed";
  readonly problem: string | null;
  readonly sealedResult: Uint8Array | null;
  readonly at: number;
}

/** A way to an approval for a browser. Found by the hash of its token. */
export interface ApprovalLinkRecord {
  readonly tokenHash: string;
  readonly appId: string;
  readonly approvalId: string;
  /** Null: it only shows. Else as whom it decides: a user, or the operator whose key made it. */
  readonly decidesAs: { readonly userId: string } | { readonly keyId: string } | null;
  readonly expiresAt: number;
}

export interface ApprovalStore {
  insertApprovalLink(link: ApprovalLinkRecord): Promise<void>;
  findApprovalLink(tokenHash: string): Promise<ApprovalLinkRecord | null>;
  /** Keeps the open approval of the same hash, if there is one: pending in time, decided and in time, or not yet told. */
  askApproval(approval: ApprovalRecord, sealedCall: Uint8Array): Promise<ApprovalRecord>;
  /** What `askApproval` would keep; null: nothing. */
  findOpenApproval(appId: string, requestHash: string, now: number): Promise<ApprovalRecord | null>;
  findApproval(appId: string, id: string): Promise<ApprovalRecord | null>;
  /** Newest first, older than `before` when it is given. */
  listApprovals(
    appId: string,
    status: ApprovalRecord["status"] | null,
    before: string | null,
    limit: number,
  ): Promise<ApprovalRecord[]>;
  listApprovalVotes(appId: string, id: string): Promise<ApprovalVote[]>;
  /** One vote, and what follows from all of them, in one write. `tally` sees the new vote, too. */
  voteApproval(
    appId: string,
    id: string,
    vote: ApprovalVote,
    tally: (approval: ApprovalRecord, votes: readonly ApprovalVote[]) => "pending" | "approved" | "denied",
  ): Promise<Voted>;
  findApprovalCall(appId: string, id: string): Promise<Uint8Array | null>;
  /**
   * Whoever asks first gets it, once: approved becomes executing. Whether there is still time is theirs to see. `holder` is the chain that the process
   * writes which is going to make the call.
   */
  startApproval(appId: string, id: string, holder: string, now: number): Promise<ApprovalRecord | null>;
  endApproval(appId: string, id: string, end: ApprovalEnd): Promise<void>;
  /** The result, once: executed becomes taken, and what was sealed is deleted. */
  takeApprovalResult(appId: string, id: string): Promise<Uint8Array | null>;
  /** A failure was told: the same call may be asked for anew. */
  closeFailedApproval(appId: string, id: string): Promise<void>;
  /** Approved, and not begun. */
  approvedApprovals(): Promise<{ appId: string; id: string }[]>;
  /**
   * Nobody knows what came of those that are executing and that nobody makes any more: with the only process of an
   * embedded store all there are, for which it is called at the start; among many those of processes that nothing was
   * heard of for a minute, and those that take far too long.
   */
  abandonApprovals(problem: string, at: number): Promise<number>;
  /** With all that belongs to them. Returns how many were deleted. */
  forgetApprovals(endedBefore: number, limit: number): Promise<number>;
}
