import type { Asker } from "../identity/asker.ts";
import type { ApprovalRecord, ApprovalRequirement, ApprovalVote } from "../store/approval-records.ts";

/** One no is a no. A yes needs, for each rule that asks, as many approvers of that rule as it wants. */
export function tally(
  { requirements }: Pick<ApprovalRecord, "requirements">,
  votes: readonly ApprovalVote[],
): "pending" | "approved" | "denied" {
  if (votes.some(({ decision }) => decision === "deny")) return "denied";
  const has = ({ ruleId, quorum }: ApprovalRequirement): boolean =>
    votes.filter(({ ruleIds }) => ruleIds.includes(ruleId)).length >= quorum;
  return requirements.length > 0 && requirements.every(has) ? "approved" : "pending";
}

export type Approver =
  | { readonly ok: true; readonly approver: string; readonly ruleIds: readonly string[] }
  | { readonly ok: false; readonly why: string };

/**
 * As whom somebody decides: a user who is signed in, or the operator who signs with a key. Nobody decides about a call of
 * their own, unless the rule says so; an agent and a stand-in for a user never do.
 */
export function approverOf({ keyId, userId, agentId, requirements }: ApprovalRecord, asker: Asker): Approver {
  if (asker.agent) return { ok: false, why: "an agent cannot approve" };
  if (asker.session) return { ok: false, why: "a session cannot approve: the user must be signed in" };
  const { user } = asker;
  const isSelf = user ? user.id === userId : asker.keyId === keyId && agentId === null;
  const named = namedRules({ requirements }, asker);
  if (named.length === 0) return { ok: false, why: "no rule names you as an approver of this call" };
  const open = named.filter(({ allowSelf }) => allowSelf || !isSelf);
  if (open.length === 0) return { ok: false, why: "nobody approves a call of their own" };
  return {
    ok: true,
    approver: nameInVotes(asker),
    ruleIds: open.map(({ ruleId }) => ruleId),
  };
}

/** What the rules that ask say of them: by name, by a group, or, without a user, as the operator. */
export function namedRules(
  { requirements }: Pick<ApprovalRecord, "requirements">,
  { user }: Pick<Asker, "user">,
): readonly ApprovalRequirement[] {
  const groups = new Set(user?.groups.flatMap(({ id, externalId, name }) => [id, externalId, name]));
  return requirements.filter((one) =>
    user ? one.users.includes(user.id) || one.groups.some((group) => groups.has(group)) : one.operator,
  );
}

/** By this nobody votes twice. */
export function nameInVotes({ user, keyId }: Pick<Asker, "user" | "keyId">): string {
  return user ? `user ${user.id}` : `key ${keyId}`;
}
