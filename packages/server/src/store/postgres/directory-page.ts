import type { DirectoryPage } from "../identity-records.ts";
import type { Database } from "./database.ts";

/** A page of a table that belongs to the identity providers of an app. */
export function directoryPage<T>(
  db: Database,
  table: "users" | "user_groups",
  columns: string,
  appId: string,
  { idpId, after, limit, skip = 0, livingOnly = false }: DirectoryPage,
): Promise<T[]> {
  const ofIdp = idpId === null ? "" : "AND idp_id = $5";
  const living = livingOnly ? "AND status NOT IN ('deleted', 'erased')" : "";
  return db.all<T>(
    `SELECT ${columns} FROM ${table} WHERE app_id = $1 AND id > $2 ${ofIdp} ${living} ORDER BY id LIMIT $3 OFFSET $4`,
    appId,
    after,
    limit,
    skip,
    ...(idpId === null ? [] : [idpId]),
  );
}
