import type { PageQuery } from "@alter-vault/protocol";
import { COUNT_CAP, type Listed, type Page } from "../../store/store.ts";

/** The cursor is the id of the last record of a page. */
export function toPage({ limit, offset, cursor }: PageQuery): Page {
  return { after: cursor ?? null, skip: cursor === undefined ? offset : 0, limit };
}

export function pageFields<T extends { id: string }>(
  { records, hasMore, total }: Listed<T>,
  { limit, offset }: PageQuery,
): {
  limit: number;
  offset: number;
  has_more: boolean;
  next_cursor: string | null;
  total: number;
  total_capped: boolean;
} {
  return {
    limit,
    offset,
    has_more: hasMore,
    next_cursor: hasMore ? (records.at(-1)?.id ?? null) : null,
    total: Math.min(total, COUNT_CAP - 1),
    total_capped: total >= COUNT_CAP,
  };
}
