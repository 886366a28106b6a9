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
import type { Database, Queries } from "./database.ts";

const OPEN = `(status IN ('pending', 'approved', 'denied') AND expires_at > $1)
  OR status IN ('executing', 'executed') OR (status = 'failed' AND told = 0)`;
/** No call takes so long, whoever makes it. */
const GONE_AFTER_MS = 3_600_000;

/** Approvals of many replicas: whoever changes one has locked its row, or changes it by one statement. */
export function approvalStore(db: Database): ApprovalStore {
  const find = async (queries: Queries, appId: string, id: string, lock = ""): Promise<ApprovalRecord | null> => {
    const sql = `SELECT * FROM approvals WHERE id = $1 AND app_id = $2 ${lock}`;
    const row = await queries.get<ApprovalRow>(sql, id, appId);
    return row ? approvalOf(row) : null;
  };
  const findOpen = async (
    queries: Queries,
    appId: string,
    requestHash: string,
    now: number,
  ): Promise<ApprovalRecord | null> => {
    const sql = `SELECT * FROM approvals WHERE app_id = $2 AND request_hash = $3 AND (${OPEN}) ORDER BY id DESC LIMIT 1`;
    const row = await queries.get<ApprovalRow>(sql, now, appId, requestHash);
    return row ? approvalOf(row) : null;
  };
  const votesOf = async (queries: Queries, appId: string, id: string): Promise<ApprovalVote[]> => {
    const rows = await queries.all<VoteRow>(
      `SELECT votes.approver, votes.decision, votes.reason, votes.rule_ids, votes.at FROM approval_votes AS votes
       JOIN approvals ON approvals.id = votes.approval_id
       WHERE votes.approval_id = $1 AND approvals.app_id = $2 ORDER BY votes.at, votes.approver`,
      id,
      appId,
    );
    return rows.map(voteOf);
  };

  return {
    async insertApprovalLink({ tokenHash, appId, approvalId, decidesAs, expiresAt }) {
      const as = decidesAs === null ? null : JSON.stringify(decidesAs);
      const sql = "INSERT INTO approval_links VALUES ($1, $2, $3, $4, $5)";
      await db.run(sql, tokenHash, appId, approvalId, as, expiresAt);
    },
    async findApprovalLink(tokenHash) {
      const row = await db.get<LinkRow>("SELECT * FROM approval_links WHERE token_hash = $1", tokenHash);
      return row ? linkOf(row) : null;
    },
    askApproval: (approval, sealedCall) =>
      db.transaction(async (queries) => {
        const turn = "SELECT pg_advisory_xact_lock(hashtext($1), hashtext($2))";
        await queries.run(turn, approval.appId, approval.requestHash);
        const open = await findOpen(queries, approval.appId, approval.requestHash, approval.createdAt);
        if (open) return open;
        const values = approvalValues(approval);
        const places = values.map((_value, at) => `$${at + 1}`).join(", ");
        await queries.run(`INSERT INTO approvals VALUES (${places})`, ...values);
        await queries.run("INSERT INTO approval_calls VALUES ($1, $2, $3)", approval.id, approval.appId, sealedCall);
        return approval;
      }),
    findOpenApproval: (appId, requestHash, now) => findOpen(db, appId, requestHash, now),
    findApproval: (appId, id) => find(db, appId, id),
    async listApprovals(appId, status, before, limit) {
      const rows = await db.all<ApprovalRow>(
        `SELECT * FROM approvals WHERE app_id = $1 AND ($2::text IS NULL OR status = $2) AND id < $3
         ORDER BY id DESC LIMIT $4`,
        appId,
        status,
        before ?? "~",
        limit,
      );
      return rows.map(approvalOf);
    },
    listApprovalVotes: (appId, id) => votesOf(db, appId, id),
    voteApproval: (appId, id, vote, tally) =>
      db.transaction(async (queries) => {
        const approval = await find(queries, appId, id, "FOR UPDATE");
        if (!approval) return { ok: false, why: "unknown" };
        if (approval.status !== "pending" || approval.expiresAt <= vote.at) return { ok: false, why: "closed" };
        const { approver, decision, reason, ruleIds, at } = vote;
        const isNew = await queries.run(
          "INSERT INTO approval_votes VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
          id,
          approver,
          decision,
          reason,
          JSON.stringify(ruleIds),
          at,
        );
        if (isNew === 0) return { ok: false, why: "voted" };
        const votes = await votesOf(queries, appId, id);
        const status = tally(approval, votes);
        if (status !== "pending") {
          await queries.run(
            "UPDATE approvals SET status = $1, decided_at = $2, decision_reason = $3 WHERE id = $4 AND app_id = $5",
            status,
            at,
            reason,
            id,
            appId,
          );
        }
        return { ok: true, approval: (await find(queries, appId, id)) ?? approval, votes };
      }),
    async findApprovalCall(appId, id) {
      const sql = "SELECT sealed FROM approval_calls WHERE id = $1 AND app_id = $2";
      return (await db.get<{ sealed: Uint8Array }>(sql, id, appId))?.sealed ?? null;
    },
    async startApproval(appId, id, holder, now) {
      const row = await db.get<ApprovalRow>(
        `UPDATE approvals SET status = 'executing', executed_at = $1, holder = $4
         WHERE id = $2 AND app_id = $3 AND status = 'approved' RETURNING *`,
        now,
        id,
        appId,
        holder,
      );
      return row ? approvalOf(row) : null;
    },
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
        if (ended === 0) return;
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
        const sql = "DELETE FROM approval_results WHERE id = $1 AND app_id = $2 RETURNING sealed";
        return (await queries.get<{ sealed: Uint8Array }>(sql, id, appId))?.sealed ?? null;
      }),
    async closeFailedApproval(appId, id) {
      await db.run("UPDATE approvals SET told = 1 WHERE id = $1 AND app_id = $2 AND status = 'failed'", id, appId);
    },
    approvedApprovals: () =>
      db.all<{ appId: string; id: string }>(
        `SELECT app_id AS "appId", id FROM approvals WHERE status = 'approved' ORDER BY id`,
      ),
    // Others may be making calls just now. A process that is only slow is not given up as soon as its places are: nobody
    // would know whether it has made the call.
    abandonApprovals: (problem, at) =>
      db.run(
        `UPDATE approvals SET status = 'failed', problem = $1, executed_at = $2
         WHERE status = 'executing' AND (executed_at <= $3 OR holder NOT IN
           (SELECT writer FROM chains WHERE open AND seen_at > now() - interval '1 minute'))`,
        problem,
        at,
        at - GONE_AFTER_MS,
      ),
    async forgetApprovals(endedBefore, limit) {
      const rows = await db.all<{ id: string; app_id: string }>(
        "SELECT id, app_id FROM approvals WHERE greatest(expires_at, coalesce(executed_at, 0)) < $1 LIMIT $2",
        endedBefore,
        limit,
      );
      for (const { id, app_id: appId } of rows) await db.transaction((queries) => forget(queries, appId, id));
      return rows.length;
    },
  };
}

async function forget(queries: Queries, appId: string, id: string): Promise<void> {
  // First what says whose it is, so that nothing of another app goes.
  if ((await queries.run("DELETE FROM approvals WHERE id = $1 AND app_id = $2", id, appId)) === 0) return;
  await queries.run("DELETE FROM approval_votes WHERE approval_id = $1", id);
  await queries.run("DELETE FROM approval_links WHERE approval_id = $1 AND app_id = $2", id, appId);
  await queries.run("DELETE FROM approval_calls WHERE id = $1 AND app_id = $2", id, appId);
  await queries.run("DELETE FROM approval_results WHERE id = $1 AND app_id = $2", id, appId);
}
