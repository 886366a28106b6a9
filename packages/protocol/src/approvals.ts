import { z } from "zod";
import { Caller, Context } from "./envelope.ts";
import { uuid } from "./ids.ts";
import { timestamp } from "./values.ts";

/** `executed`: made, and its result waits; `taken`: the result was handed out. */
export const APPROVAL_STATUSES = [
  "pending",
  "approved",
  "executing",
  "executed",
  "taken",
  "denied",
  "expired",
  "failed",
] as const;

/** How an approval stands, for whoever asked. Nothing of the provider's answer is in it. */
export const ApprovalState = z.object({
  approval_id: uuid,
  status: z.enum(APPROVAL_STATUSES),
  expires_at: timestamp,
  decided_at: timestamp.nullable(),
  decision_reason: z.string().nullable(),
  executed_at: timestamp.nullable(),
  has_result: z.boolean(),
  /** Why it failed. */
  problem: z.string().nullable(),
});
export type ApprovalState = z.infer<typeof ApprovalState>;

/** What approvers decide about. */
export const Approval = ApprovalState.extend({
  app_id: uuid,
  method: z.string(),
  /** Values with telling names are masked. */
  url: z.string(),
  headers: z.array(z.tuple([z.string(), z.string()])),
  /** Null: it is no text, or too long to be shown; or the call was made, and its body is gone. */
  body: z.string().nullable(),
  body_bytes: z.number().int().nullable(),
  provider_id: z.string(),
  grant_id: z.string(),
  /** Of the catalogue: `google.gmail.messages.send`. */
  operation: z.string().nullable(),
  reason: z.string(),
  agent_id: z.string().nullable(),
  agent_name: z.string().nullable(),
  user_id: z.string().nullable(),
  key_id: z.string(),
  caller: Caller,
  context: Context,
  created_at: timestamp,
  entry_id: z.string(),
  requirements: z.array(
    z.object({
      rule_id: z.string(),
      users: z.array(z.string()),
      groups: z.array(z.string()),
      operator: z.boolean(),
      quorum: z.number().int(),
      approved_by: z.array(z.string()),
    }),
  ),
});
export type Approval = z.infer<typeof Approval>;

export const ApprovalQuery = z.object({
  status: z.enum(["pending", "approved", "executing", "executed", "taken", "denied", "failed"]).optional(),
  /** Only those that whoever asks can decide about now, and has not: a user by their token, else the operator. */
  waiting_for: z.literal("me").optional(),
  /** A page may hold fewer, and there may be more all the same. */
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: uuid.optional(),
});
export const ApprovalList = z.object({
  approvals: z.array(Approval.omit({ headers: true, body: true, body_bytes: true })),
  has_more: z.boolean(),
  next_cursor: z.string().nullable(),
});
export type ApprovalList = z.infer<typeof ApprovalList>;

/** Signed by an operator, or for a user who is signed in: with their token. */
export const ApprovalDecide = z.strictObject({
  decision: z.enum(["approve", "deny"]),
  reason: z.string().trim().min(1).max(1000).optional(),
});

/** A link by which one approver decides. Without a user: as the operator whose key makes it. */
export const ApprovalLinkCreate = z.strictObject({ user_id: uuid.optional() });
/** Whoever has it decides as that approver: hand it to nobody else. */
export const ApprovalLink = z.object({ approval_id: uuid, url: z.string(), expires_at: timestamp });
export type ApprovalLink = z.infer<typeof ApprovalLink>;

/** The provider's answer to an approved call; handed out once. */
export const ApprovalResult = z.object({
  approval_id: uuid,
  status_code: z.number().int(),
  headers: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
  body_b64: z.string(),
  /** It was too long to be kept. */
  body_truncated: z.boolean(),
});
export type ApprovalResult = z.infer<typeof ApprovalResult>;
