import type { Soon } from "../soon.ts";

/** What an app has decided may be done with its grants: versions of its policy, which of them counts, and stops. */
export interface PolicyVersionRecord {
  readonly appId: string;
  /** 1, 2, 3, … within the app. */
  readonly version: number;
  /** JSON of a document that was checked before it was stored. Never changes. */
  readonly document: string;
  readonly note: string | null;
  /** The API key that made it. */
  readonly createdBy: string;
  readonly createdAt: number;
}

export interface PolicyDraftRecord {
  readonly document: string;
  readonly savedBy: string;
  readonly savedAt: number;
}

export const STOP_KINDS = ["agent", "user", "run", "thread", "provider"] as const;
export type StopKind = (typeof STOP_KINDS)[number];

/** A kill switch that is thrown: nothing goes through for whatever is named. */
export interface StopRecord {
  readonly kind: StopKind;
  readonly value: string;
  readonly reason: string | null;
  readonly createdBy: string;
  readonly createdAt: number;
}

/** What counts for the calls of an app at this moment. An app that has said nothing has a head, too: an empty one. */
export interface PolicyHead {
  readonly published: number | null;
  /** Evaluated and written down, and without effect. */
  readonly shadow: number | null;
  readonly stops: readonly StopRecord[];
}

export interface PolicyChange {
  /** A document that becomes the next version, or a version that is there. */
  readonly make: { readonly document: string; readonly note: string | null } | { readonly version: number };
  readonly as: "published" | "shadow";
  /** Nothing is changed unless this version is published now; undefined: whatever is. */
  readonly expected?: number | null;
  readonly by: string;
  readonly at: number;
}

export interface PolicyStore {
  policyHead(appId: string): Soon<PolicyHead>;
  findPolicyVersion(appId: string, version: number): Promise<PolicyVersionRecord | null>;
  /** Newest first, at most `limit`, older than `before` when it is given. */
  listPolicyVersions(appId: string, before: number | null, limit: number): Promise<PolicyVersionRecord[]>;
  /** Version and head in one write. `moved`: another version is published than expected. Null: there is no such version. */
  changePolicy(appId: string, change: PolicyChange): Promise<PolicyVersionRecord | "moved" | null>;
  endShadow(appId: string): Promise<void>;
  findPolicyDraft(appId: string): Promise<PolicyDraftRecord | null>;
  /** Null takes the draft away. */
  putPolicyDraft(appId: string, draft: PolicyDraftRecord | null): Promise<void>;
  /** Keeps the first of the same name. */
  putStop(appId: string, stop: StopRecord): Promise<StopRecord>;
  /** False: there was none. */
  liftStop(appId: string, kind: StopKind, value: string): Promise<boolean>;
}
