import type {
  ApprovalLinkRecord,
  ApprovalRecord,
  ApprovalStore,
  ApprovalVote,
  ShownCall,
} from "../approval-records.ts";
import type { Database } from "./database.ts";

interface Row {
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

const fromRow = (row: Row): ApprovalRecord => ({
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

interface VoteRow {
  approver: string;
  decision: ApprovalVote["decision"];
  reason: string | null;
  rule_ids: string;
  at: number;
}

const OPEN = `(status IN ('pending', 'approved', 'denied') AND expires_at > ?1)
  OR status IN ('executing', 'executed') OR (status = 'failed' AND told = 0)`;

export function approvalStore(db: Database): ApprovalStore {
  const find = (appId: string, id: string): ApprovalRecord | null => {
    const row = db.get<Row>("SELECT * FROM approvals WHERE id = ? AND app_id = ?", id, appId);
    return row ? fromRow(row) : null;
  };
  const votesOf = (id: string): ApprovalVote[] =>
    db
      .all<VoteRow>(
        "SELECT approver, decision, reason, rule_ids, at FROM approval_votes WHERE approval_id = ? ORDER BY at, approver",
        id,
      )
      .map(({ rule_ids, ...vote }) => ({ ...vote, ruleIds: JSON.parse(rule_ids) as string[] }));

  return {
    async insertApprovalLink({ tokenHash, appId, approvalId, decidesAs, expiresAt }) {
      const as = decidesAs === null ? null : JSON.stringify(decidesAs);
      db.run("INSERT INTO approval_links VALUES (?, ?, ?, ?, ?)", tokenHash, appId, approvalId, as, expiresAt);
    },
    async findApprovalLink(tokenHash) {
      const row = db.get<{ app_id: string; approval_id: string; decides_as: string | null; expires_at: number }>(
        "SELECT app_id, approval_id, decides_as, expires_at FROM approval_links WHERE token_hash = ?",
        tokenHash,
      );
      if (!row) return null;
      const decidesAs =
        row.decides_as === null ? null : (JSON.parse(row.decides_as) as ApprovalLinkRecord["decidesAs"]);
      return { tokenHash, appId: row.app_id, approvalId: row.approval_id, decidesAs, expiresAt: row.expires_at };
    },
    async askApproval(approval, sealedCall) {
      return db.transaction(() => {
        const open = db.get<Row>(
          `SELECT * FROM approvals WHERE app_id = ?2 AND request_hash = ?3 AND (${OPEN}) ORDER BY id DESC LIMIT 1`,
          approval.createdAt,
          approval.appId,
          approval.requestHash,
        );
        if (open) return fromRow(open);
        db.run(
          "INSERT INTO approvals VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
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
        );
        db.run("INSERT INTO approval_calls VALUES (?, ?, ?)", approval.id, approval.appId, sealedCall);
        return approval;
      });
    },
    findApproval: async (appId, id) => find(appId, id),
    async listApprovals(appId, status, before, limit) {
      return db
        .all<Row>(
          `SELECT * FROM approvals WHERE app_id = ? AND (? IS NULL OR status = ?) AND id < ? ORDER BY id DESC LIMIT ?`,
          appId,
          status,
          status,
          before ?? "~",
          limit,
        )
        .map(fromRow);
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
    async startApproval(appId, id, now) {
      const started = db.run(
        "UPDATE approvals SET status = 'executing', executed_at = ? WHERE id = ? AND app_id = ? AND status = 'approved' AND expires_at > ?",
        now,
        id,
        appId,
        now,
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
