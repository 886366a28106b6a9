import type { ApprovalRecord, ApprovalStore, ApprovalVote } from "../approval-records.ts";
import {
  approvalOf,
  approvalValues,
  linkOf,
  voteOf,
  type ApprovalRow,
  type LinkRow,
  type VoteRow,
} from "../rows/approval-row.ts";
import type { Database } from "./database.ts";

const OPEN = `(status IN ('pending', 'approved', 'denied') AND expires_at > ?1)
  OR status IN ('executing', 'executed') OR (status = 'failed' AND told = 0)`;

export function approvalStore(db: Database): ApprovalStore {
  const find = (appId: string, id: string): ApprovalRecord | null => {
    const row = db.get<ApprovalRow>("SELECT * FROM approvals WHERE id = ? AND app_id = ?", id, appId);
    return row ? approvalOf(row) : null;
  };
  const findOpen = (appId: string, requestHash: string, now: number): ApprovalRecord | null => {
    const sql = `SELECT * FROM approvals WHERE app_id = ?2 AND request_hash = ?3 AND (${OPEN}) ORDER BY id DESC LIMIT 1`;
    const row = db.get<ApprovalRow>(sql, now, appId, requestHash);
    return row ? approvalOf(row) : null;
  };
  const votesOf = (id: string): ApprovalVote[] =>
    db
      .all<VoteRow>(
        "SELECT approver, decision, reason, rule_ids, at FROM approval_votes WHERE approval_id = ? ORDER BY at, approver",
        id,
      )
      .map(voteOf);

  return {
    async insertApprovalLink({ tokenHash, appId, approvalId, decidesAs, expiresAt }) {
      const as = decidesAs === null ? null : JSON.stringify(decidesAs);
      db.run("INSERT INTO approval_links VALUES (?, ?, ?, ?, ?)", tokenHash, appId, approvalId, as, expiresAt);
    },
    async findApprovalLink(tokenHash) {
      const row = db.get<LinkRow>("SELECT * FROM approval_links WHERE token_hash = ?", tokenHash);
      return row ? linkOf(row) : null;
    },
    async askApproval(approval, sealedCall) {
      return db.transaction(() => {
        const open = findOpen(approval.appId, approval.requestHash, approval.createdAt);
        if (open) return open;
        db.run(
          "INSERT INTO approvals VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
          ...approvalValues(approval),
        );
        db.run("INSERT INTO approval_calls VALUES (?, ?, ?)", approval.id, approval.appId, sealedCall);
        return approval;
      });
    },
    findOpenApproval: async (appId, requestHash, now) => findOpen(appId, requestHash, now),
    findApproval: async (appId, id) => find(appId, id),
    async listApprovals(appId, status, before, limit) {
      return db
        .all<ApprovalRow>(
          `SELECT * FROM approvals WHERE app_id = ? AND (? IS NULL OR status = ?) AND id < ? ORDER BY id DESC LIMIT ?`,
          appId,
          status,
          status,
          before ?? "~",
          limit,
        )
        .map(approvalOf);
    },
    listApprovalVotes: async (appId, id) => (find(appId, id) ? votesOf(id) : []),
    async voteApproval(appId, id, vote, tally) {
      return db.transaction(() => {
        const approval = find(appId, id);
        if (!approval) return { ok: false, why: "unknown" };
        if (approval.status !== "pending" || approval.expiresAt <= vote.at) return { ok: false, why: "closed" };
        const { approver, decision, reason, ruleIds, at } = vote;
        const isNew = db.run(
          "INSERT INTO approval_votes VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
          id,
          approver,
          decision,
          reason,
          JSON.stringify(ruleIds),
          at,
        );
        if (isNew === 0) return { ok: false, why: "voted" };
        const votes = votesOf(id);
        const status = tally(approval, votes);
        if (status !== "pending") {
          db.run(
            "UPDATE approvals SET status = ?, decided_at = ?, decision_reason = ? WHERE id = ?",
            status,
            at,
            reason,
            id,
          );
        }
        return { ok: true, approval: find(appId, id) ?? approval, votes };
      });
    },
    async findApprovalCall(appId, id) {
      const sql = "SELECT sealed FROM approval_calls WHERE id = ? AND app_id = ?";
      return db.get<{ sealed: Uint8Array }>(sql, id, appId)?.sealed ?? null;
    },
    async startApproval(appId, id, holder, now) {
      const started = db.run(
        "UPDATE approvals SET status = 'executing', executed_at = ?, holder = ? WHERE id = ? AND app_id = ? AND status = 'approved'",
        now,
        holder,
        id,
        appId,
      );
      return started === 1 ? find(appId, id) : null;
    },
    async endApproval(appId, id, { status, problem, sealedResult, at }) {
      db.transaction(() => {
        const ended = db.run(
          `UPDATE approvals SET status = ?, problem = ?, executed_at = ?
           WHERE id = ? AND app_id = ? AND status = 'executing'`,
          status,
          problem,
          at,
          id,
          appId,
        );
        if (ended === 1 && sealedResult)
          db.run("INSERT INTO approval_results VALUES (?, ?, ?)", id, appId, sealedResult);
        // It is not made again, so nobody needs it any more.
        if (ended === 1) db.run("DELETE FROM approval_calls WHERE id = ?", id);
      });
    },
    async takeApprovalResult(appId, id) {
      return db.transaction(() => {
        const taken = db.run(
          "UPDATE approvals SET status = 'taken' WHERE id = ? AND app_id = ? AND status = 'executed'",
          id,
          appId,
        );
        if (taken === 0) return null;
        const row = db.get<{ sealed: Uint8Array }>("SELECT sealed FROM approval_results WHERE id = ?", id);
        db.run("DELETE FROM approval_results WHERE id = ?", id);
        return row?.sealed ?? null;
      });
    },
    async closeFailedApproval(appId, id) {
      db.run("UPDATE approvals SET told = 1 WHERE id = ? AND app_id = ? AND status = 'failed'", id, appId);
    },
    async approvedApprovals() {
      return db.all<{ appId: string; id: string }>(
        "SELECT app_id AS appId, id FROM approvals WHERE status = 'approved' ORDER BY id",
      );
    },
    async abandonApprovals(problem, at) {
      return db.run(
        "UPDATE approvals SET status = 'failed', problem = ?, executed_at = ? WHERE status = 'executing'",
        problem,
        at,
      );
    },
    async forgetApprovals(endedBefore, limit) {
      return db.transaction(() => {
        const rows = db.all<{ id: string }>(
          "SELECT id FROM approvals WHERE max(expires_at, coalesce(executed_at, 0)) < ? LIMIT ?",
          endedBefore,
          limit,
        );
        for (const { id } of rows) {
          db.run("DELETE FROM approval_votes WHERE approval_id = ?", id);
          db.run("DELETE FROM approval_links WHERE approval_id = ?", id);
          db.run("DELETE FROM approval_calls WHERE id = ?", id);
          db.run("DELETE FROM approval_results WHERE id = ?", id);
          db.run("DELETE FROM approvals WHERE id = ?", id);
        }
        return rows.length;
      });
    },
  };
}
