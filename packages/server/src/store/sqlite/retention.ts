import { logRefsOf } from "../log-refs.ts";
import type { LogDraft } from "../log-records.ts";
import type { ChainStart, HoldRecord, PruneWish, Pruned, Retention, RetentionStore } from "../retention-records.ts";
import { holdFromRow, holdValues, type HoldRow } from "../rows/hold-row.ts";
import type { Database } from "./database.ts";

interface Row {
  /** The place in the file. */
  seq: number;
  chain_seq: number | null;
  writer: string;
  kind: LogDraft["kind"];
  app_id: string | null;
  at: number;
  body: string;
  hash: Uint8Array;
}

/** Where a chain begins, when not with its first row. */
export function startOf(db: Database, writer: string): ChainStart | undefined {
  return db.get<ChainStart>("SELECT * FROM log_starts WHERE writer = ?", writer);
}

function startsOf(db: Database): ChainStart[] {
  return db.all<ChainStart>("SELECT * FROM log_starts");
}

/** `seqOf` says the place of a row in its chain. */
export function retentionStore(db: Database, seqOf: (row: Row) => number): RetentionStore {
  const removeRef = db.logWriter("DELETE FROM log_refs WHERE app_id = ? AND name = ? AND value = ? AND seq = ?");
  const removeRows = db.logWriter("DELETE FROM log WHERE seq <= ?");
  const removeCheckpoints = db.logWriter("DELETE FROM checkpoints WHERE writer = ? AND seq <= ?");
  const putStart = db.logWriter(
    `INSERT INTO log_starts VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (writer) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, before = excluded.before,
       at = excluded.at, signature = excluded.signature`,
  );
  const activeHolds = (): HoldRecord[] =>
    db.all<HoldRow>("SELECT * FROM log_holds WHERE released_at IS NULL ORDER BY id").map(holdFromRow);

  /** What is done with a user's account is about them, whoever does it. */
  const grantsOf = ({ appId, userId }: HoldRecord): ReadonlySet<string> => {
    const sql = "SELECT id FROM grants WHERE app_id = ? AND principal_type = 'user' AND principal_id = ?";
    return new Set(userId === null ? [] : db.all<{ id: string }>(sql, appId, userId).map(({ id }) => id));
  };

  /** From the oldest on, one after the other: rows lie in the order of time, and so do those of each chain. */
  function prune({ before, now, limit, sign }: PruneWish): Pruned {
    const rows = db.all<Row>(
      "SELECT seq, chain_seq, writer, kind, app_id, at, body, hash FROM log ORDER BY seq LIMIT ?",
      limit,
    );
    const holds = activeHolds().map((hold) => ({ hold, grants: grantsOf(hold) }));
    let heldBy: string | null = null;
    const gone: Row[] = [];
    for (const row of rows) {
      if (row.at >= before) break;
      heldBy = holds.find(({ hold, grants }) => covers(hold, grants, row))?.hold.id ?? null;
      if (heldBy !== null) break;
      gone.push(row);
    }
    const last = gone.at(-1);
    if (!last) return { rows: 0, hasMore: false, heldBy };
    for (const row of gone) {
      if (row.kind !== "entry" || row.app_id === null) continue;
      for (const [name, value] of logRefsOf(row.body)) removeRef(row.app_id, name, value, row.seq);
    }
    removeRows(last.seq);
    for (const [writer, row] of new Map(gone.map((one) => [one.writer, one]))) {
      const { seq, hash, signature } = sign({ writer, seq: seqOf(row), hash: row.hash, before, at: now });
      removeCheckpoints(writer, seq);
      putStart(writer, seq, hash, before, now, signature);
    }
    return { rows: gone.length, hasMore: gone.length === limit, heldBy };
  }

  return {
    async getRetention() {
      return (
        db.get<Retention>(
          "SELECT days, set_by AS setBy, set_at AS setAt FROM log_retention ORDER BY set_at DESC LIMIT 1",
        ) ?? null
      );
    },
    async setRetention(retention) {
      db.transaction(() => {
        db.run("DELETE FROM log_retention");
        if (!retention) return;
        const { days, setBy, setAt } = retention;
        db.run("INSERT INTO log_retention VALUES (?, ?, ?)", setAt, days, setBy);
      });
    },
    async insertHold(hold) {
      db.run("INSERT INTO log_holds VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", ...holdValues(hold));
    },
    async listHolds(appId) {
      return db.all<HoldRow>("SELECT * FROM log_holds WHERE app_id = ? ORDER BY id DESC", appId).map(holdFromRow);
    },
    async releaseHold(appId, id, by, at) {
      const sql =
        "UPDATE log_holds SET released_by = ?, released_at = ? WHERE app_id = ? AND id = ? AND released_at IS NULL";
      db.run(sql, by, at, appId, id);
      const row = db.get<HoldRow>("SELECT * FROM log_holds WHERE app_id = ? AND id = ?", appId, id);
      return row ? holdFromRow(row) : null;
    },
    chainStarts: async () => startsOf(db),
    pruneLog: (wish) =>
      db.writeBehind(
        () => prune(wish),
        () => undefined,
      ),
  };
}

/** An outcome stays with what came before and after it: only entries are held. */
function covers(
  { appId, userId, since, until }: HoldRecord,
  grants: ReadonlySet<string>,
  { kind, app_id, at, body }: Row,
): boolean {
  if (kind !== "entry" || app_id !== appId) return false;
  if ((since !== null && at < since) || (until !== null && at >= until)) return false;
  if (userId === null) return true;
  const about = JSON.parse(body) as { user_id?: string | null; grant_id?: string | null };
  return about.user_id === userId || grants.has(about.grant_id ?? "");
}
