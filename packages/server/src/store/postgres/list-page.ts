import { COUNT_CAP, type Page } from "../store.ts";
import type { Database } from "./database.ts";

interface ListedRows<Row> {
  rows: Row[];
  hasMore: boolean;
  total: number;
}

interface ListQuery {
  /** All of a SELECT up to its WHERE. */
  readonly select: string;
  /** For the count: the table with its alias. */
  readonly table: string;
  readonly alias: string;
  readonly where: string;
  readonly values: readonly unknown[];
}

/** One page by keyset, in the order of ids. `skip` reads and drops, which its bound of 10,000 keeps cheap. */
export async function listPage<Row>(db: Database, query: ListQuery, page: Page): Promise<ListedRows<Row>> {
  const { select, table, alias, where, values } = query;
  const next = values.length + 1;
  const [found, count] = await Promise.all([
    db.all<Row>(
      `${select} WHERE ${where} AND ${alias}.id > $${next} ORDER BY ${alias}.id LIMIT $${next + 1}`,
      ...values,
      page.after ?? "",
      page.skip + page.limit + 1,
    ),
    db.get<{ n: number }>(
      `SELECT count(*) AS n FROM (SELECT 1 FROM ${table} ${alias} WHERE ${where} LIMIT $${next}) counted`,
      ...values,
      COUNT_CAP,
    ),
  ]);
  const rows = found.slice(page.skip, page.skip + page.limit);
  return { rows, hasMore: found.length > page.skip + page.limit, total: count?.n ?? 0 };
}
