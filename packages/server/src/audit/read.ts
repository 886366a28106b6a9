import type { AuditEntry, AuditList, AuditQuery } from "@alter-vault/protocol";
import { toTimestamp } from "../clock.ts";
import {
  LOG_REFS,
  type EntryWithOutcome,
  type LogFilter,
  type LogStore,
  type RunningChains,
} from "../store/log-records.ts";
import { readOutcomeBody } from "./entry.ts";
import { openEntryBody, type Opening } from "./entry-body.ts";

/**
 * Reading the log back: an entry together with what came of it. Without an outcome, that of an entry whose process still
 * runs is pending, and that of any other will never be known.
 */
export interface ReadDeps {
  readonly store: LogStore;
  readonly keyring: Opening;
}

const INDEX_BATCH = 2_000;
const EXPORT_PAGE = 500;
/** A decision is not indexed: a page that looks for a rare one stops here and hands out a cursor to go on from. */
const MAX_LOOKED_AT = 20_000;

export async function toAuditEntry(
  keyring: Opening,
  { entry, outcome }: EntryWithOutcome,
  running: RunningChains,
): Promise<AuditEntry> {
  const body = await openEntryBody(keyring, entry);
  const end = outcome ? readOutcomeBody(outcome.body) : null;
  const isRunning = entry.seq > (running.get(entry.writer) ?? Infinity);
  const missing = body.decision === "deny" ? "none" : isRunning ? "pending" : "unknown";
  return {
    entry_id: entry.entryId,
    at: toTimestamp(entry.at),
    ...body,
    outcome: end?.outcome ?? missing,
    status: end?.status ?? null,
    outcome_code: end?.code ?? null,
    latency_ms: end?.latency_ms ?? null,
    retries: end?.retries ?? null,
    redirects: end?.redirects ?? null,
    request_bytes: end?.request_bytes ?? null,
    response_bytes: end?.response_bytes ?? null,
    scrubbed: end?.scrubbed ?? null,
  };
}

/** Newest first. The cursor is that of the last entry that was looked at. */
export async function listAudit({ store, keyring }: ReadDeps, appId: string, query: AuditQuery): Promise<AuditList> {
  const running = await store.runningChains();
  const entries: AuditEntry[] = [];
  let looked = 0;
  let cursor: string | null = null;
  let hasMore = false;
  for await (const row of walk(store, appId, query, "newest", query.limit + 1)) {
    if (entries.length === query.limit || looked === MAX_LOOKED_AT) {
      hasMore = true;
      break;
    }
    looked++;
    cursor = row.cursor;
    const entry = await toAuditEntry(keyring, row, running);
    if (!query.decision || entry.decision === query.decision) entries.push(entry);
  }
  return { entries, limit: query.limit, has_more: hasMore, next_cursor: hasMore ? cursor : null };
}

/** Oldest first, to the end. Holds one page in memory. */
export async function* exportAudit(
  { store, keyring }: ReadDeps,
  appId: string,
  query: AuditQuery,
): AsyncGenerator<AuditEntry> {
  const running = await store.runningChains();
  for await (const row of walk(store, appId, query, "oldest", EXPORT_PAGE)) {
    const entry = await toAuditEntry(keyring, row, running);
    if (!query.decision || entry.decision === query.decision) yield entry;
  }
}

async function* walk(
  store: LogStore,
  appId: string,
  query: AuditQuery,
  order: "newest" | "oldest",
  pageSize: number,
): AsyncGenerator<EntryWithOutcome> {
  const filter = toFilter(query);
  if (Object.keys(filter.refs).length > 0) await catchUpIndex(store);
  let from = query.cursor ?? null;
  for (;;) {
    const rows = await store.listEntries(appId, filter, { from, order, limit: pageSize });
    yield* rows;
    if (rows.length < pageSize) return;
    from = rows.at(-1)?.cursor ?? null;
  }
}

async function catchUpIndex(store: LogStore): Promise<void> {
  while ((await store.indexLog(INDEX_BATCH)) > 0) await new Promise((resolve) => setImmediate(resolve));
}

function toFilter(query: AuditQuery): LogFilter {
  const refs: Record<string, string> = {};
  for (const name of LOG_REFS) if (query[name] !== undefined) refs[name] = query[name];
  return {
    refs,
    since: query.since === undefined ? null : Date.parse(query.since),
    until: query.until === undefined ? null : Date.parse(query.until),
  };
}
