import { z } from "zod";

/** Whom a limit counts for. `run` and `thread` are what the caller says they are. */
export const COUNTED_PER = ["grant", "agent", "user", "app", "provider", "run", "thread"] as const;
const per = z.enum(COUNTED_PER);

const reason = z.string().trim().min(1).max(500);
const id = z.string().min(1).max(320);

export const Approvers = z
  .strictObject({
    users: z.array(id).max(100).optional(),
    groups: z.array(id).max(100).optional(),
    /** Whoever holds a key with the scope `approvals:write`. */
    operator: z.boolean().default(false),
  })
  .refine(({ users, groups, operator }) => operator || (users?.length ?? 0) + (groups?.length ?? 0) > 0, {
    message: "names nobody",
  });
export type Approvers = z.infer<typeof Approvers>;

/** What becomes of a call that a rule applies to. */
export const Effect = z.discriminatedUnion("type", [
  /** The call is refused; `reason` is what the caller reads. */
  z.strictObject({ type: z.literal("deny"), reason: reason.optional() }),
  /** Somebody must say yes to this very call. */
  z.strictObject({
    type: z.literal("require_approval"),
    reason: reason.optional(),
    approvers: Approvers,
    quorum: z.number().int().min(1).max(20).default(1),
    expires_in_seconds: z
      .number()
      .int()
      .min(10)
      .max(30 * 86_400)
      .default(3600),
    allow_self_approval: z.boolean().default(false),
  }),
  /** So many calls within any stretch of so many seconds. */
  z.strictObject({
    type: z.literal("rate_limit"),
    calls: z.number().int().min(1).max(1_000_000),
    window_seconds: z.number().int().min(1).max(86_400),
    per,
  }),
  /** So many calls at the same time. */
  z.strictObject({ type: z.literal("concurrency"), calls: z.number().int().min(1).max(10_000), per }),
  /** So many calls altogether. */
  z.strictObject({ type: z.literal("budget"), calls: z.number().int().min(1).max(1_000_000_000), per }),
]);
export type Effect = z.infer<typeof Effect>;
export type EffectInput = z.input<typeof Effect>;
