import type { ApprovalLinkRecord, ApprovalRecord, ApprovalVote, ShownCall } from "../approval-records.ts";

/** Rows as both drivers read them. */
export interface ApprovalRow {
  id: string;
  app_id: string;
  request_hash: string;
  status: ApprovalRecord["status"];
  key_id: string;
  agent_id: string | null;
  user_id: string | null;
  shown: string;
  requirements: string;
  entry_id: string;
  created_at: number;
  expires_at: number;
  decided_at: number | null;
  decision_reason: string | null;
  executed_at: number | null;
  problem: string | null;
  told: number;
}

export const approvalOf = (row: ApprovalRow): ApprovalRecord => ({
  id: row.id,
  appId: row.app_id,
  requestHash: row.request_hash,
  status: row.status,
  keyId: row.key_id,
  agentId: row.agent_id,
  userId: row.user_id,
  shown: JSON.parse(row.shown) as ShownCall,
  requirements: JSON.parse(row.requirements) as ApprovalRecord["requirements"],
  entryId: row.entry_id,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  decidedAt: row.decided_at,
  decisionReason: row.decision_reason,
  executedAt: row.executed_at,
  problem: row.problem,
});

export interface VoteRow {
  approver: string;
  decision: ApprovalVote["decision"];
  reason: string | null;
  rule_ids: string;
  at: number;
}

export const voteOf = ({ rule_ids, ...vote }: VoteRow): ApprovalVote => ({
  ...vote,
  ruleIds: JSON.parse(rule_ids) as string[],
});

export interface LinkRow {
  token_hash: string;
  app_id: string;
  approval_id: string;
  decides_as: string | null;
  expires_at: number;
}

export const linkOf = (row: LinkRow): ApprovalLinkRecord => ({
  tokenHash: row.token_hash,
  appId: row.app_id,
  approvalId: row.approval_id,
  decidesAs: row.decides_as === null ? null : (JSON.parse(row.decides_as) as ApprovalLinkRecord["decidesAs"]),
  expiresAt: row.expires_at,
});

/** A row to be inserted, in the order of the columns. */
export function approvalValues(approval: ApprovalRecord): (string | number | null)[] {
  return [
    approval.id,
    approval.appId,
    approval.requestHash,
    approval.status,
    approval.keyId,
    approval.agentId,
    approval.userId,
    JSON.stringify(approval.shown),
    JSON.stringify(approval.requirements),
    approval.entryId,
    approval.createdAt,
    approval.expiresAt,
    approval.decidedAt,
    approval.decisionReason,
    approval.executedAt,
    approval.problem,
    // Not told, and made by nobody yet.
    0,
    null,
  ];
}
