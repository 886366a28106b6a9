import {
  countByKey,
  placeAfter,
  placeOf,
  SEALED_PLACES,
  sealedColumns,
  sealedHead,
  sealedPage,
  type SealedRow,
} from "../sealed-places.ts";
import type { SealedRecordStore } from "../store.ts";
import type { Database } from "./database.ts";

export function sealedRecordStore(db: Database): SealedRecordStore {
  return {
    async sealedRecords(after, limit) {
      const from = placeAfter(after);
      if (!from) return { records: [], next: null };
      const { place, lastId } = from;
      const rows = db.all<SealedRow>(
        `SELECT ${sealedColumns(place)} FROM ${place.table} WHERE id > ? ORDER BY id LIMIT ?`,
        lastId,
        limit,
      );
      return sealedPage(place, rows, limit);
    },
    async replaceSealed(changes) {
      return db.transaction(() => {
        let replaced = 0;
        for (const { context, before, after } of changes) {
          const { place, id } = placeOf(context);
          replaced += db.run(
            `UPDATE ${place.table} SET ${place.column} = ? WHERE id = ? AND app_id = ? AND ${place.column} = ?`,
            after,
            id,
            context.appId,
            before,
          );
        }
        return replaced;
      });
    },
    async countSealed() {
      const counts = SEALED_PLACES.flatMap((place) =>
        db.all<{ head: Uint8Array; n: number }>(
          `SELECT ${sealedHead(place, "x'02'")} AS head, count(*) AS n FROM ${place.table} GROUP BY 1`,
        ),
      );
      const stale = db.get<{ n: number }>(
        `SELECT count(*) AS n FROM user_keys u JOIN data_keys d ON d.app_id = u.app_id AND d.active = 1 WHERE u.active = 1 AND u.created_at < d.created_at`,
      );
      return { ...countByKey(counts), staleUserKeys: stale?.n ?? 0 };
    },
  };
}
