import type { HoldRecord } from "../retention-records.ts";

/** A hold on the log as both drivers store it. */
export interface HoldRow {
  id: string;
  app_id: string;
  user_id: string | null;
  since: number | null;
  until: number | null;
  reason: string;
  created_by: string;
  created_at: number;
  released_by: string | null;
  released_at: number | null;
}

export const holdFromRow = (row: HoldRow): HoldRecord => ({
  id: row.id,
  appId: row.app_id,
  userId: row.user_id,
  since: row.since,
  until: row.until,
  reason: row.reason,
  createdBy: row.created_by,
  createdAt: row.created_at,
  releasedBy: row.released_by,
  releasedAt: row.released_at,
});

/** In order of the columns. */
export const holdValues = (hold: HoldRecord): (string | number | null)[] => [
  hold.id,
  hold.appId,
  hold.userId,
  hold.since,
  hold.until,
  hold.reason,
  hold.createdBy,
  hold.createdAt,
  hold.releasedBy,
  hold.releasedAt,
];
