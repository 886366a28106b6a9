import { z } from "zod";
import { timestamp } from "../values.ts";
import { PolicyRequest } from "./case.ts";
import { PolicyDocument } from "./document.ts";

const version = z.number().int().min(1);
const note = z.string().trim().min(1).max(1000);

export const PolicyVersion = z.object({
  version,
  note: z.string().nullable(),
  created_by: z.string(),
  created_at: timestamp,
});
export const PolicyVersionDocument = PolicyVersion.extend({ document: PolicyDocument });
export type PolicyVersionDocument = z.infer<typeof PolicyVersionDocument>;
export const PolicyVersionList = z.object({ versions: z.array(PolicyVersion), next_cursor: z.string().nullable() });
export const PolicyVersionQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z.string().regex(/^\d+$/).optional(),
});

export const PolicyDraft = z.object({ saved_by: z.string(), saved_at: timestamp, document: PolicyDocument });

/** A kill switch that is thrown. */
export const Stop = z.object({
  kind: z.enum(["agent", "user", "run", "thread", "provider"]),
  /** An agent by id or name, a user by id, a run or thread by what callers call it, a provider by id. */
  value: z.string().min(1).max(512),
  reason: z.string().nullable(),
  created_by: z.string(),
  created_at: timestamp,
});
export type Stop = z.infer<typeof Stop>;
export const StopPut = z.strictObject({ ...Stop.pick({ kind: true, value: true }).shape, reason: note.optional() });
export const StopLift = z.strictObject(Stop.pick({ kind: true, value: true }).shape);
export const StopLifted = z.object({ lifted: z.boolean() });
export const StopList = z.object({ stops: z.array(Stop) });

/** How the policy of an app stands. */
export const PolicyState = z.object({
  published: PolicyVersionDocument.nullable(),
  /** Evaluated and written down, and without effect. */
  shadow: PolicyVersionDocument.nullable(),
  draft: PolicyDraft.nullable(),
  stops: z.array(Stop),
});
export type PolicyState = z.infer<typeof PolicyState>;

export const PolicyDraftPut = z.strictObject({ document: PolicyDocument });

/** Exactly one of the three: a document, a version that was published before, or the draft. */
const source = {
  document: PolicyDocument.optional(),
  version: version.optional(),
  draft: z.literal(true).optional(),
};
const isOne = ({ document, version: number, draft }: { document?: unknown; version?: unknown; draft?: unknown }) =>
  [document, number, draft].filter((one) => one !== undefined).length === 1;
const ONE = "name exactly one of document, version and draft";

export const PolicyPublish = z
  .strictObject({
    ...source,
    note: note.optional(),
    /** Refused with `conflict` when another version is published by now; null: none. */
    expected_version: version.nullable().optional(),
  })
  .refine(isOne, ONE);
export type PolicyPublish = z.input<typeof PolicyPublish>;
export const PolicyShadow = z.strictObject({ ...source, note: note.optional() }).refine(isOne, ONE);
export type PolicyShadow = z.input<typeof PolicyShadow>;

/** Which call is to be explained: one that was made, or one that might be. */
export const PolicyExplain = z
  .strictObject({
    entry_id: z.string().max(100).optional(),
    request: PolicyRequest.optional(),
    /** Default: for an entry the version that decided, for a request the published one. */
    version: version.optional(),
  })
  .refine(({ entry_id, request }) => (entry_id === undefined) !== (request === undefined), {
    message: "name either an entry or a request",
  });
export type PolicyExplain = z.input<typeof PolicyExplain>;

export const ExplainedCondition = z.object({
  part: z.enum(["when", "unless"]),
  /** What it looks at: `method`, `body /amount`. */
  name: z.string(),
  expected: z.string(),
  actual: z.string(),
  /** Null: it cannot be told, which denies. */
  holds: z.boolean().nullable(),
});
export const ExplainedRule = z.object({
  id: z.string(),
  name: z.string(),
  effect: z.string(),
  /** Null: it cannot be told, which denies. */
  applies: z.boolean().nullable(),
  conditions: z.array(ExplainedCondition),
  /** Each of these alone would make the rule let the call be. */
  changes: z.array(z.string()),
});
export type ExplainedRule = z.infer<typeof ExplainedRule>;
export const PolicyExplanation = z.object({
  policy_version: version.nullable(),
  outcome: z.enum(["allow", "deny", "require_approval"]),
  rule: z.string().nullable(),
  reason: z.string().nullable(),
  limits: z.array(z.string()),
  /** All rules of the scopes the call is in. */
  rules: z.array(ExplainedRule),
  /** What the explanation of a past call had to do without. */
  notes: z.array(z.string()),
});
export type PolicyExplanation = z.infer<typeof PolicyExplanation>;
