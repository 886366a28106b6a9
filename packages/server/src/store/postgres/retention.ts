import type { ChainStart, HoldRecord, Retention, RetentionStore } from "../retention-records.ts";
import { holdFromRow, holdValues, type HoldRow } from "../rows/hold-row.ts";
import type { Database } from "./database.ts";
import { pruneLog } from "./prune-log.ts";

export function retentionStore(db: Database): RetentionStore {
  return {
    async getRetention() {
      const sql = `SELECT days, set_by AS "setBy", set_at AS "setAt" FROM log_retention
        ORDER BY set_at DESC LIMIT 1`;
      return (await db.get<Retention>(sql)) ?? null;
    },
    setRetention: (retention) =>
      db.transaction(async (queries) => {
        await queries.run("DELETE FROM log_retention");
        if (!retention) return;
        const { days, setBy, setAt } = retention;
        const sql = `INSERT INTO log_retention VALUES ($1, $2, $3)
          ON CONFLICT (set_at) DO UPDATE SET days = excluded.days, set_by = excluded.set_by`;
        await queries.run(sql, setAt, days, setBy);
      }),
    async insertHold(hold) {
      await db.run("INSERT INTO log_holds VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)", ...holdValues(hold));
    },
    async listHolds(appId) {
      const sql = "SELECT * FROM log_holds WHERE app_id = $1 ORDER BY id DESC";
      return (await db.all<HoldRow>(sql, appId)).map(holdFromRow);
    },
    async releaseHold(appId, id, by, at): Promise<HoldRecord | null> {
      const sql = `UPDATE log_holds SET released_by = coalesce(released_by, $1), released_at = coalesce(released_at, $2)
        WHERE app_id = $3 AND id = $4 RETURNING *`;
      const row = await db.get<HoldRow>(sql, by, at, appId, id);
      return row ? holdFromRow(row) : null;
    },
    chainStarts: () => db.all<ChainStart>("SELECT * FROM log_starts"),
    pruneLog: (wish) => pruneLog(db, wish),
  };
}
