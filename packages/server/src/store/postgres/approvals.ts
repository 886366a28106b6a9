import type {
  ApprovalLinkRecord,
  ApprovalRecord,
  ApprovalStore,
  ApprovalVote,
  ShownCall,
} from "../approval-records.ts";
import type { Database, Queries } from "./database.ts";

interface LinkRow {
  readonly app_id: string;
  readonly approval_id: string;
  readonly decides_as: string | null;
  readonly expires_at: number;
}

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

const LONGEST_EXECUTION_MS = 15 * 60_000;

const FIND = "SELECT * FROM approvals WHERE id = $1 AND app_id = $2";

async function votesOf(queries: Queries, appId: string, id: string): Promise<ApprovalVote[]> {
  const rows = await queries.all<VoteRow>(
    `SELECT approver, decision, reason, rule_ids, at FROM approval_votes
     WHERE approval_id = $1 AND app_id = $2 ORDER BY at, approver`,
    id,
    appId,
  );
  return rows.map(({ rule_ids, ...vote }) => ({ ...vote, ruleIds: JSON.parse(rule_ids) as string[] }));
}

/** Votes and executions of many replicas: the row of the approval is locked by whoever changes it. */
export function approvalStore(db: Database): ApprovalStore {
  const one = async (sql: string, ...values: unknown[]): Promise<ApprovalRecord | null> => {
    const row = await db.get<Row>(sql, ...values);
    return row ? fromRow(row) : null;
  };

  return {
    async insertApprovalLink({ tokenHash, appId, approvalId, decidesAs, expiresAt }) {
      await db.run(
        "INSERT INTO approval_links (token_hash, app_id, approval_id, decides_as, expires_at) VALUES ($1, $2, $3, $4, $5)",
        tokenHash,
        appId,
        approvalId,
        decidesAs === null ? null : JSON.stringify(decidesAs),
        expiresAt,
      );
    },
    async findApprovalLink(tokenHash) {
      const row = await db.get<LinkRow>("SELECT * FROM approval_links WHERE token_hash = $1", tokenHash);
      if (!row) return null;
      const decidesAs =
        row.decides_as === null ? null : (JSON.parse(row.decides_as) as ApprovalLinkRecord["decidesAs"]);
      return { tokenHash, appId: row.app_id, approvalId: row.approval_id, decidesAs, expiresAt: row.expires_at };
    },
    askApproval: (approval, sealedCall) =>
      db.transaction(async (queries) => {
        // The same call that is made twice at the same moment asks once.
        const { appId, requestHash } = approval;
        await queries.run("SELECT pg_advisory_xact_lock(hashtext($1), hashtext($2))", appId, requestHash);
        const open = await queries.get<Row>(
          `SELECT * FROM approvals WHERE app_id = $2 AND request_hash = $3 AND (
             (status IN ('pending', 'approved', 'denied') AND expires_at > $1)
             OR status IN ('executing', 'executed') OR (status = 'failed' AND NOT told)
           ) ORDER BY id DESC LIMIT 1`,
          approval.createdAt,
          appId,
          requestHash,
        );
        if (open) return fromRow(open);
        await queries.run(
          `INSERT INTO approvals VALUES
             ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, false)`,
          approval.id,
          appId,
          requestHash,
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
        await queries.run("INSERT INTO approval_calls VALUES ($1, $2, $3)", approval.id, appId, sealedCall);
        return approval;
      }),
    findApproval: (appId, id) => one(FIND, id, appId),
    async listApprovals(appId, status, before, limit) {
      const rows = await db.all<Row>(
        `SELECT * FROM approvals WHERE app_id = $1 AND ($2::text IS NULL OR status = $2) AND ($3::text IS NULL OR id < $3)
         ORDER BY id DESC LIMIT $4`,
        appId,
        status,
        before,
        limit,
      );
      return rows.map(fromRow);
    },
    listApprovalVotes: (appId, id) => votesOf(db, appId, id),
    voteApproval: (appId, id, vote, tally) =>
      db.transaction(async (queries) => {
        const row = await queries.get<Row>(`${FIND} FOR UPDATE`, id, appId);
        if (!row) return { ok: false, why: "unknown" };
        const approval = fromRow(row);
        if (approval.status !== "pending" || approval.expiresAt <= vote.at) return { ok: false, why: "closed" };
        const { approver, decision, reason, ruleIds, at } = vote;
        const isNew = await queries.run(
          "INSERT INTO approval_votes VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
          id,
          appId,
          approver,
          decision,
          reason,
          JSON.stringify(ruleIds),
          at,
        );
        if (isNew === 0) return { ok: false, why: "voted" };
        const votes = await votesOf(queries, appId, id);
        const status = tally(approval, votes);
        if (status === "pending") return { ok: true, approval, votes };
        const decided = await queries.get<Row>(
          `UPDATE approvals SET status = $1, decided_at = $2, decision_reason = $3 WHERE id = $4 AND app_id = $5
           RETURNING *`,
          status,
          at,
          reason,
          id,
          appId,
        );
        return { ok: true, approval: decided ? fromRow(decided) : approval, votes };
      }),
    async findApprovalCall(appId, id) {
      const sql = "SELECT id, sealed FROM approval_calls WHERE id = $1 AND app_id = $2";
      return (await db.get<{ sealed: Uint8Array }>(sql, id, appId))?.sealed ?? null;
    },
    startApproval: (appId, id, now) =>
      one(
        `UPDATE approvals SET status = 'executing', executed_at = $3
         WHERE id = $1 AND app_id = $2 AND status = 'approved' AND expires_at > $3 RETURNING *`,
        id,
        appId,
        now,
      ),
    async endApproval(appId, id, { status, problem, sealedResult, at }) {
      await db.transaction(async (queries) => {
        const ended = await queries.run(
          `UPDATE approvals SET status = $1, problem = $2, executed_at = $3
           WHERE id = $4 AND app_id = $5 AND status = 'executing'`,
          status,
          problem,
          at,
          id,
          appId,
        );
        if (ended !== 1) return;
        if (sealedResult)
          await queries.run("INSERT INTO approval_results VALUES ($1, $2, $3)", id, appId, sealedResult);
        // It is not made again, so nobody needs it any more.
        await queries.run("DELETE FROM approval_calls WHERE id = $1 AND app_id = $2", id, appId);
      });
    },
    takeApprovalResult: (appId, id) =>
      db.transaction(async (queries) => {
        const taken = await queries.run(
          "UPDATE approvals SET status = 'taken' WHERE id = $1 AND app_id = $2 AND status = 'executed'",
          id,
          appId,
        );
        if (taken === 0) return null;
        const sql = "DELETE FROM approval_results WHERE id = $1 AND app_id = $2 RETURNING id, sealed";
        return (await queries.get<{ sealed: Uint8Array }>(sql, id, appId))?.sealed ?? null;
      }),
    async closeFailedApproval(appId, id) {
      const sql = "UPDATE approvals SET told = true WHERE id = $1 AND app_id = $2 AND status = 'failed'";
      await db.run(sql, id, appId);
    },
    approvedApprovals: () =>
      db.all<{ appId: string; id: string }>(
        `SELECT app_id AS "appId", id FROM approvals WHERE status = 'approved' ORDER BY id`,
      ),
    // What is executing may be so in another replica; nothing is for this long.
    abandonApprovals: (problem, at) =>
      db.run(
        "UPDATE approvals SET status = 'failed', problem = $1, executed_at = $2 WHERE status = 'executing' AND executed_at < $3",
        problem,
        at,
        at - LONGEST_EXECUTION_MS,
      ),
    async forgetApprovals(endedBefore, limit) {
      const rows = await db.all<{ id: string; appId: string }>(
        `SELECT id, app_id AS "appId" FROM approvals WHERE greatest(expires_at, coalesce(executed_at, 0)) < $1 LIMIT $2`,
        endedBefore,
        limit,
      );
      for (const { id, appId } of rows) {
        await db.transaction(async (queries) => {
          await queries.run("DELETE FROM approval_votes WHERE approval_id = $1 AND app_id = $2", id, appId);
          await queries.run("DELETE FROM approval_links WHERE approval_id = $1 AND app_id = $2", id, appId);
          await queries.run("DELETE FROM approval_calls WHERE id = $1 AND app_id = $2", id, appId);
          await queries.run("DELETE FROM approval_results WHERE id = $1 AND app_id = $2", id, appId);
          await queries.run("DELETE FROM approvals WHERE id = $1 AND app_id = $2", id, appId);
        });
      }
      return rows.length;
    },
  };
}
