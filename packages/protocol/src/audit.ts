import { z } from "zod";
import { Caller, Context } from "./envelope.ts";
import { uuid } from "./ids.ts";
import { timestamp } from "./values.ts";
import { pageFields, PageQuery } from "./resources.ts";

/**
 * One entry of the audit log, as it is read back: what was asked and decided, and, once it is known, what came of it.
 * Bodies and header values are never recorded; query values with telling names are masked.
 */
export const AuditEntry = z.object({
  entry_id: uuid,
  at: z.iso.datetime(),
  /**
   * `connect`: a user's way to a provider and back. `credential`: the vault keeps a grant alive by itself. `directory`:
   * an identity provider told of its users and groups.
   */
  kind: z.enum(["request", "admin", "refusal", "connect", "credential", "directory"]),
  app_id: uuid.nullable(),
  key_id: z.string().nullable(),
  /** The agent whose key signed: verified, unlike what `caller` says. Of an admin entry: the agent it is about. */
  agent_id: z.string().nullable(),
  /** The end user, verified. Of an admin or a directory entry: the user it is about. */
  user_id: z.string().nullable(),
  session_id: z.string().nullable(),
  caller: Caller.nullable(),
  context: Context,
  reason: z.string().nullable(),
  mode: z.enum(["proxy", "retrieve"]).nullable(),
  grant_id: z.string().nullable(),
  delegation_id: z.string().nullable(),
  secret_id: z.string().nullable(),
  provider: z.string().nullable(),
  principal_type: z.string().nullable(),
  /** The user whose account was used, where that is not `user_id`: an agent may have been lent it. */
  principal_id: z.string().nullable().default(null),
  method: z.string().nullable(),
  url: z.string().nullable(),
  body_digest: z.string().nullable(),
  /** The version of the app's policy that decided; null where none was published. */
  policy_version: z.number().int().nullable(),
  /** The approval that the call waits for, or was made by. */
  approval_id: z.string().nullable(),
  /** What the policy in shadow mode would have decided, in words. */
  shadow: z.string().nullable(),
  action: z.string(),
  decision: z.enum(["allow", "deny"]),
  rule: z.string(),
  code: z.string().nullable(),
  message: z.string().nullable(),
  /** The user it was for was erased, and with them what the call said: URL, reason, message and most of the context. */
  erased: z.boolean().default(false),
  /** `provider`: the provider answered; `done`: it happened inside the vault; `unknown`: allowed, but the vault stopped before it could write down what came of it. */
  outcome: z.enum(["none", "pending", "done", "provider", "vault_error", "client_closed", "unknown"]),
  status: z.number().int().nullable(),
  outcome_code: z.string().nullable(),
  latency_ms: z.number().nullable(),
  retries: z.number().int().nullable(),
  redirects: z.number().int().nullable(),
  request_bytes: z.number().int().nullable(),
  response_bytes: z.number().int().nullable(),
  scrubbed: z.number().int().nullable(),
});
export type AuditEntry = z.infer<typeof AuditEntry>;

export const AuditQuery = PageQuery.omit({ offset: true }).extend({
  run_id: z.string().max(512).optional(),
  thread_id: z.string().max(512).optional(),
  tool_call_id: z.string().max(512).optional(),
  grant_id: z.string().max(100).optional(),
  agent: z.string().max(200).optional(),
  agent_id: z.string().max(100).optional(),
  user_id: z.string().max(100).optional(),
  decision: z.enum(["allow", "deny"]).optional(),
  since: z.iso.datetime().optional(),
  until: z.iso.datetime().optional(),
});
export type AuditQuery = z.infer<typeof AuditQuery>;

const { offset: _offset, ...keysetFields } = pageFields;
export const AuditList = z.object({ entries: z.array(AuditEntry), ...keysetFields });
export type AuditList = z.infer<typeof AuditList>;

/** How long the log is kept: one setting for the whole vault, as entries of all apps lie in the same chains. */
export const AuditRetention = z.object({
  /** Null: for ever. */
  days: z.number().int().nullable(),
  set_by: z.string().nullable(),
  set_at: timestamp.nullable(),
  /** What was removed so far was older than this; null: nothing was. */
  removed_before: timestamp.nullable(),
  /** Rows that were removed since there is retention. */
  removed_rows: z.number().int(),
});
export type AuditRetention = z.infer<typeof AuditRetention>;
const reason = z.string().trim().min(1).max(1000);
export const AuditRetentionPut = z.strictObject({
  days: z.number().int().min(1).max(36_500).nullable(),
  reason: reason.optional(),
});

/** Entries that must not be removed, whatever retention says. What came after the first of them stays as well. */
export const AuditHold = z.object({
  hold_id: uuid,
  app_id: uuid,
  user_id: z.string().nullable(),
  since: timestamp.nullable(),
  until: timestamp.nullable(),
  reason: z.string(),
  created_by: z.string(),
  created_at: timestamp,
  released_by: z.string().nullable(),
  released_at: timestamp.nullable(),
});
export type AuditHold = z.infer<typeof AuditHold>;
export const AuditHoldList = z.object({ holds: z.array(AuditHold) });
export const AuditHoldCreate = z.strictObject({
  /** Default: all entries of the app. */
  user_id: uuid.optional(),
  since: z.iso.datetime().optional(),
  until: z.iso.datetime().optional(),
  reason,
});
export type AuditHoldCreate = z.input<typeof AuditHoldCreate>;
export const AuditHoldRelease = z.strictObject({ reason: reason.optional() });

export const AuditVerification = z.object({
  ok: z.boolean(),
  rows: z.number().int(),
  chains: z.number().int(),
  checkpoints: z.number().int(),
  outcome_unknown: z.array(z.string()),
  outcome_unknown_total: z.number().int(),
  /** What retention took away from the beginnings of the chains; null: nothing. */
  removed: z
    .object({ rows: z.number().int(), before: z.iso.datetime(), at: z.iso.datetime() })
    .nullable()
    .default(null),
  problems: z.array(z.object({ writer: z.string(), seq: z.number().int(), problem: z.string() })),
});
export type AuditVerification = z.infer<typeof AuditVerification>;
