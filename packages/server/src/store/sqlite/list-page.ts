import type { SQLInputValue } from "node:sqlite";
import { COUNT_CAP, type Page } from "../store.ts";
import type { Database } from "./database.ts";

interface ListedRows<Row> {
  rows: Row[];
  hasMore: boolean;
  total: number;
}

/** One page by keyset, in the order of ids. `skip` reads and drops, which its bound of 10,000 keeps cheap. */
export function listPage<Row>(
  db: Database,
  table: "secrets" | "grants",
  where: string,
  values: readonly SQLInputValue[],
  page: Page,
): ListedRows<Row> {
  const found = db.all<Row>(
    `SELECT * FROM ${table} WHERE ${where} AND id > ? ORDER BY id LIMIT ?`,
    ...values,
    page.after ?? "",
    page.skip + page.limit + 1,
  );
  const rows = found.slice(page.skip, page.skip + page.limit);
  const count = db.get<{ n: number }>(
    `SELECT count(*) AS n FROM (SELECT 1 FROM ${table} WHERE ${where} LIMIT ?)`,
    ...values,
    COUNT_CAP,
  );
  return { rows, hasMore: found.length > page.skip + page.limit, total: count?.n ?? 0 };
}
