import { z } from "zod";
import { uuid } from "./ids.ts";

export const UserErase = z.strictObject({
  /** Say what would go, and change nothing. */
  dry_run: z.boolean().optional(),
});

const count = z.number().int();

/** How much was kept of a user, by what it is. Of the rest there is nothing: see docs/operations.md. */
export const UserHoldings = z.object({
  grants: count,
  credentials: count,
  delegations: count,
  sessions: count,
  connect_sessions: count,
  approvals: count,
  tool_calls: count,
  groups: count,
  keys: count,
});
export type UserHoldings = z.infer<typeof UserHoldings>;

export const UserErased = z.object({
  user_id: uuid,
  dry_run: z.boolean(),
  /** What went, or would go. */
  erased: UserHoldings,
  revoked_at_provider: count,
  /** Accounts whose provider did not take the revocation: there the tokens may live on until they end by themselves. */
  not_revoked: z.array(
    z.object({
      grant_id: uuid,
      provider_id: z.string(),
      detail: z.string().nullable(),
      manual_url: z.string().nullable(),
    }),
  ),
});
export type UserErased = z.infer<typeof UserErased>;
