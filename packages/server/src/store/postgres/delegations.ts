import type { AgentStore, DelegationRecord } from "../agent-records.ts";
import type { Database } from "./database.ts";

const DELEGATION = `id, app_id AS "appId", agent_id AS "agentId", grant_id AS "grantId", provider, user_id AS "userId",
  created_at AS "createdAt", expires_at AS "expiresAt", revoked_at AS "revokedAt"`;

type OfDelegations =
  | "putDelegation"
  | "findDelegation"
  | "findDelegationOf"
  | "listDelegations"
  | "revokeDelegation"
  | "revokeDelegationsOfUser";

export function delegationStore(db: Database): Pick<AgentStore, OfDelegations> {
  const one = async (sql: string, ...values: unknown[]): Promise<DelegationRecord | null> =>
    (await db.get<DelegationRecord>(sql, ...values)) ?? null;

  return {
    putDelegation: (delegation) =>
      db.transaction(async (queries) => {
        const { id, appId, agentId, grantId, provider, userId, createdAt, expiresAt, revokedAt } = delegation;
        // Of two that are made at the same moment, the later one stays.
        await queries.run("SELECT pg_advisory_xact_lock(hashtext($1), hashtext($2))", agentId, grantId);
        await queries.run(
          `UPDATE delegations SET revoked_at = $1
           WHERE app_id = $2 AND agent_id = $3 AND grant_id = $4 AND revoked_at IS NULL`,
          createdAt,
          appId,
          agentId,
          grantId,
        );
        await queries.run(
          "INSERT INTO delegations VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
          id,
          appId,
          agentId,
          grantId,
          provider,
          userId,
          createdAt,
          expiresAt,
          revokedAt,
        );
        return delegation;
      }),
    findDelegation: (appId, id) =>
      one(`SELECT ${DELEGATION} FROM delegations WHERE id = $1 AND app_id = $2`, id, appId),
    findDelegationOf: (appId, agentId, grantId) =>
      one(
        `SELECT ${DELEGATION} FROM delegations
         WHERE app_id = $1 AND agent_id = $2 AND grant_id = $3 AND revoked_at IS NULL`,
        appId,
        agentId,
        grantId,
      ),
    listDelegations(appId, { agentId, grantId, userId }) {
      const parts = ["app_id = $1"];
      const values: unknown[] = [appId];
      for (const [column, value] of [
        ["agent_id", agentId],
        ["grant_id", grantId],
        ["user_id", userId],
      ] as const) {
        if (value !== undefined) parts.push(`${column} = $${values.push(value)}`);
      }
      return db.all<DelegationRecord>(
        `SELECT ${DELEGATION} FROM delegations WHERE ${parts.join(" AND ")} ORDER BY id`,
        ...values,
      );
    },
    revokeDelegation: (appId, id, at) =>
      one(
        `UPDATE delegations SET revoked_at = coalesce(revoked_at, $1) WHERE id = $2 AND app_id = $3
         RETURNING ${DELEGATION}`,
        at,
        id,
        appId,
      ),
    async revokeDelegationsOfUser(appId, userId, at) {
      await db.run(
        "UPDATE delegations SET revoked_at = $1 WHERE app_id = $2 AND user_id = $3 AND revoked_at IS NULL",
        at,
        appId,
        userId,
      );
    },
  };
}
