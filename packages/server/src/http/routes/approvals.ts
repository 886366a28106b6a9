import type { Approval, ApprovalList, ApprovalResult, ApprovalState } from "@alter-vault/protocol";
import { createApprovalResults } from "../../approvals/approvals.ts";
import { openWaitingCall } from "../../approvals/waiting-call.ts";
import { listVisible } from "../../approvals/list-visible.ts";
import { isVisible } from "../../approvals/visible-approval.ts";
import { approverOf, tally } from "../../approvals/tally.ts";
import type { Failure } from "../../call.ts";
import { toTimestamp } from "../../clock.ts";
import type { Asker } from "../../identity/asker.ts";
import type { ApprovalRecord, ApprovalVote } from "../../store/approval-records.ts";
import { readAnswer } from "../../tool-calls/recorded-answer.ts";
import { reads, type RouteHandlers } from "./route-handler.ts";
import type { RouteDeps } from "./routes.ts";

type Ids =
  | "listApprovals"
  | "getApproval"
  | "getApprovalStatus"
  | "decideApproval"
  | "createApprovalLink"
  | "takeApprovalResult";
type Deps = Pick<RouteDeps, "store" | "keyring" | "clock" | "approvalRunner" | "approvalLinks">;

const NOT_FOUND = { ok: false, code: "approval_not_found", detail: "no approval of this id" } as const;

/** Calls that somebody must say yes to: for approvers, who see and decide, and for whoever asked. */
export function approvalRoutes(deps: Deps): RouteHandlers<Ids> {
  const { store, clock, approvalRunner } = deps;
  const results = createApprovalResults(deps);
  return {
    listApprovals: ({ caller, query }) =>
      reads(async (): Promise<ApprovalList> => {
        const { found, next } = await listVisible(store, caller.asker, query, clock.now());
        const approvals = found.map(({ record, votes }) => describe(record, votes, clock.now()));
        return { approvals, has_more: next !== null, next_cursor: next };
      }),
    getApproval: ({ caller, id }) =>
      reads(async (): Promise<Approval | Failure> => {
        const record = await store.findApproval(caller.appId, id);
        if (!record || !isVisible(record, caller.asker)) return NOT_FOUND;
        const votes = await store.listApprovalVotes(caller.appId, id);
        return { ...describe(record, votes, clock.now()), ...(await openWaitingCall(deps, record)) };
      }),
    getApprovalStatus: ({ caller, id }) =>
      reads(async () => {
        const record = await ownApproval(deps, caller.asker, id);
        return record ? stateOf(record, clock.now()) : NOT_FOUND;
      }),
    decideApproval: async ({ caller, id, body }) => {
      const { appId, asker } = caller;
      const record = await store.findApproval(appId, id);
      if (!record) return NOT_FOUND;
      const facts = { approval_id: id, grant_id: record.shown.grantId, reason: body.reason };
      const who = approverOf(record, asker);
      if (!who.ok) return { ok: false, code: "approval_not_allowed", detail: who.why };
      return {
        ok: true,
        facts,
        run: async () => {
          const { approver, ruleIds } = who;
          const vote = { approver, ruleIds, decision: body.decision, reason: body.reason ?? null, at: clock.now() };
          const voted = await store.voteApproval(appId, id, vote, tally);
          if (!voted.ok) return voted.why === "unknown" ? NOT_FOUND : closed(voted.why);
          if (voted.approval.status === "approved") approvalRunner.start(appId, id);
          return { ok: true, body: stateOf(voted.approval, clock.now()) };
        },
      };
    },
    createApprovalLink: async ({ caller, id, body }) => {
      const { appId, asker } = caller;
      const record = await store.findApproval(appId, id);
      if (!record) return NOT_FOUND;
      if (asker.agent || asker.session) {
        return { ok: false, code: "approval_not_allowed", detail: "an agent or a session makes no such links" };
      }
      // Whoever comes with a user's token is that user, also in the link: the key behind it may be the operator's.
      if (asker.user && body.user_id !== asker.user.id) {
        return { ok: false, code: "approval_not_allowed", detail: "a user makes links for nobody else" };
      }
      const user = body.user_id === undefined ? null : await store.findUser(appId, body.user_id);
      if (body.user_id !== undefined && !user)
        return { ok: false, code: "user_not_found", detail: "no user of this id" };
      return {
        ok: true,
        facts: { approval_id: id, user_id: body.user_id },
        run: async () => {
          const decidesAs = user ? { userId: user.user.id } : { keyId: asker.keyId };
          const url = await deps.approvalLinks.create(record, decidesAs);
          return { ok: true, body: { approval_id: id, url, expires_at: toTimestamp(record.expiresAt) } };
        },
      };
    },
    takeApprovalResult: async ({ caller, id }) => {
      const record = await ownApproval(deps, caller.asker, id);
      if (!record) return NOT_FOUND;
      return {
        ok: true,
        facts: { approval_id: id, grant_id: record.shown.grantId },
        run: async () => {
          const kept = await results.take(record.appId, id);
          if (!Buffer.isBuffer(kept)) return kept;
          const { status, headers, body } = readAnswer(kept);
          const result: ApprovalResult = {
            approval_id: id,
            status_code: status,
            headers: Object.fromEntries(
              Object.entries(headers).flatMap(([name, value]) =>
                value === undefined ? [] : [[name, shownHeader(value)]],
              ),
            ),
            body_b64: body.toString("base64"),
            body_truncated: headers["alter-body-truncated"] !== undefined,
          };
          return { ok: true, body: result };
        },
      };
    },
  };
}

function shownHeader(value: string | number | readonly string[]): string | string[] {
  return typeof value === "object" ? [...value] : String(value);
}

/** Of whoever asked: the same key, agent and user. */
async function ownApproval({ store }: Deps, asker: Asker, id: string): Promise<ApprovalRecord | null> {
  const record = await store.findApproval(asker.appId, id);
  if (!record) return null;
  const isSame =
    record.keyId === asker.keyId &&
    record.agentId === (asker.agent?.id ?? null) &&
    (record.userId === null || record.userId === asker.user?.id);
  return isSame ? record : null;
}

function closed(why: "closed" | "voted"): Failure {
  const detail = why === "voted" ? "you have decided about it already" : "it was decided, or its time is over";
  return { ok: false, code: "approval_closed", detail };
}

function stateOf(record: ApprovalRecord, now: number): ApprovalState {
  const isOver = record.expiresAt <= now && (record.status === "pending" || record.status === "approved");
  return {
    approval_id: record.id,
    status: isOver ? "expired" : record.status,
    expires_at: toTimestamp(record.expiresAt),
    decided_at: record.decidedAt === null ? null : toTimestamp(record.decidedAt),
    decision_reason: record.decisionReason,
    executed_at: record.executedAt === null ? null : toTimestamp(record.executedAt),
    has_result: record.status === "executed",
    problem: record.problem,
  };
}

function describe(
  record: ApprovalRecord,
  votes: readonly ApprovalVote[],
  now: number,
): Omit<Approval, "headers" | "body" | "body_bytes"> {
  const { shown, requirements } = record;
  return {
    ...stateOf(record, now),
    app_id: record.appId,
    method: shown.method,
    url: shown.url,
    provider_id: shown.provider,
    grant_id: shown.grantId,
    operation: shown.operation,
    reason: shown.reason,
    agent_id: record.agentId,
    agent_name: shown.agentName,
    user_id: record.userId,
    key_id: record.keyId,
    caller: shown.caller as Approval["caller"],
    context: { ...shown.context },
    created_at: toTimestamp(record.createdAt),
    entry_id: record.entryId,
    requirements: requirements.map(({ ruleId, users, groups, operator, quorum }) => ({
      rule_id: ruleId,
      users: [...users],
      groups: [...groups],
      operator,
      quorum,
      approved_by: votes
        .filter(({ decision, ruleIds }) => decision === "approve" && ruleIds.includes(ruleId))
        .map(({ approver }) => approver),
    })),
  };
}
