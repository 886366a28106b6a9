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
      const rows = await db.all<SealedRow>(
        `SELECT ${sealedColumns(place)} FROM ${place.table} WHERE id > $1 ORDER BY id LIMIT $2`,
        lastId,
        limit,
      );
      return sealedPage(place, rows, limit);
    },
    replaceSealed: (changes) =>
      db.transaction(async (queries) => {
        let replaced = 0;
        for (const { context, before, after } of changes) {
          const { place, id } = placeOf(context);
          replaced += await queries.run(
            `UPDATE ${place.table} SET ${place.column} = $1 WHERE id = $2 AND app_id = $3 AND ${place.column} = $4`,
            after,
            id,
            context.appId,
            before,
          );
        }
        return replaced;
      }),
    async countSealed() {
      const counts = SEALED_PLACES.map((place) =>
        db.all<{ head: Uint8Array; n: number }>(
          `SELECT ${sealedHead(place, "'\\x02'::bytea")} AS head, count(*) AS n FROM ${place.table} GROUP BY 1`,
        ),
      );
      const stale = db.get<{ n: number }>(
        `SELECT count(*) AS n FROM user_keys u JOIN data_keys d ON d.app_id = u.app_id AND d.active WHERE u.active AND u.created_at < d.created_at`,
      );
      return { ...countByKey((await Promise.all(counts)).flat()), staleUserKeys: (await stale)?.n ?? 0 };
    },
  };
}
