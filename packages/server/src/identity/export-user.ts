import type { User, UserHoldings } from "@alter-vault/protocol";
import { exportAudit, type ReadDeps } from "../audit/read.ts";
import { toTimestamp } from "../clock.ts";
import type { Store } from "../store/store.ts";

/** One thing that is kept of a user, and what it is. */
interface ExportedRecord {
  readonly kind: "user" | keyof UserHoldings | "entries";
  readonly record: Readonly<Record<string, unknown>>;
}

interface ExportDeps extends ReadDeps {
  readonly store: Store;
}

const KINDS = [
  "grants",
  "credentials",
  "delegations",
  "sessions",
  "connect_sessions",
  "approvals",
  "tool_calls",
  "groups",
  "keys",
] as const satisfies readonly (keyof UserHoldings)[];
const PAGE = 200;
const MOST_PER_PAGE_OF_LOG = 100;

/**
 * All that is kept of a user, in the places that erasing empties, and the entries of the log about them or with their
 * grants. Without what is sealed, and without the hashes of tokens: neither says anything about anybody, and whoever
 * reads the export must not be able to use it. One page is in memory at a time.
 */
export async function* exportUser(deps: ExportDeps, user: User): AsyncGenerator<ExportedRecord> {
  const { app_id: appId, user_id: userId } = user;
  const { store } = deps;
  yield { kind: "user", record: user };
  const grants: string[] = [];
  for (const kind of KINDS) {
    let after = "";
    for (;;) {
      const rows = await store.readUserRecords(appId, userId, kind, after, PAGE);
      for (const { key, record } of rows) {
        if (kind === "grants") grants.push(key);
        yield { kind, record: shown(record) };
      }
      after = rows.at(-1)?.key ?? "";
      if (rows.length < PAGE) break;
    }
  }
  for await (const entry of exportAudit(deps, appId, { user_id: userId, limit: MOST_PER_PAGE_OF_LOG })) {
    yield { kind: "entries", record: entry };
  }
  for (const grantId of grants) {
    for await (const entry of exportAudit(deps, appId, { grant_id: grantId, limit: MOST_PER_PAGE_OF_LOG })) {
      if (entry.user_id !== userId) yield { kind: "entries", record: entry };
    }
  }
}

const KEPT_BACK = /^sealed|_hash$/;
const JSON_COLUMNS: ReadonlySet<string> = new Set([
  "asked_scopes",
  "data",
  "error",
  "granted_scopes",
  "grants",
  "options",
  "policy",
  "providers",
  "requirements",
  "scopes",
  "shown",
  "variables",
]);

/** As people read it: times as such, JSON as what it says. */
function shown(row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row)
      .filter(([name]) => !KEPT_BACK.test(name))
      .map(([name, value]) => [name, readable(name, value)]),
  );
}

function readable(name: string, value: unknown): unknown {
  if (typeof value === "number" && /_(at|until)$/.test(name)) return toTimestamp(value);
  if (typeof value === "string" && JSON_COLUMNS.has(name)) return JSON.parse(value) as unknown;
  return value;
}
