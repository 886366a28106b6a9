import { expect } from "vitest";
import type { TestDatabase } from "./database.test-support.ts";

/**
 * Statements on tables with an app in them that are not bound to one app, and why they may be. Anything else has to name
 * the app: a new statement that does not is found by the contract's last test.
 */
const NOT_BOUND: readonly (readonly [RegExp, string])[] = [
  [/^SELECT \* FROM api_keys WHERE id = \$1$/, "a caller is found by its key before its app is known"],
  [/^SELECT \* FROM connect_sessions WHERE token_hash = \$1$/, "who holds the token of a session may use it"],
  [/^(SELECT|UPDATE).* connect_attempts .*WHERE state_hash = \$1/, "who holds the state of an attempt may use it"],
  [/^SELECT \* FROM vault_sessions WHERE token_hash = \$1$/, "who holds the token of a session is its user"],
  [/^SELECT \* FROM approval_links WHERE token_hash = \$1$/, "who holds the token of a link may see its approval"],
  [/^SELECT \* FROM identity_providers WHERE id = \$1$/, "a webhook is found before it has shown what app it is for"],
  [
    /^DELETE FROM (connect_attempts|connect_sessions|vault_sessions) WHERE id IN .* expires_at < \$1/,
    "what ended is deleted for all apps",
  ],
  [/^SELECT app_id AS "appId", id FROM oauth_credentials WHERE refresh_due_at/, "ids alone, for the refreshing of all"],
  [
    /^DELETE FROM idp_notices WHERE \(app_id, idp_id, notice\) IN .* expires_at < \$1/,
    "what ended is deleted for all apps",
  ],
  [
    /^DELETE FROM policy_takes WHERE \(app_id, rule_id, key\) IN .* ends_at < \$1/,
    "what ended is deleted for all apps",
  ],
  [/^DELETE FROM policy_slots WHERE holder = \$1/, "a process frees what it holds, for all apps"],
  [/^DELETE FROM policy_slots WHERE holder NOT IN/, "what dead processes left is deleted for all apps"],
  [/^SELECT app_id AS "appId", id FROM approvals WHERE status = 'approved'/, "ids alone, for the making of all"],
  [
    /^UPDATE approvals SET status = 'failed', .* \(executed_at <= \$3 OR /,
    "what a dead replica left is over for all apps",
  ],
  [/^UPDATE oauth_credentials AS c SET lease_id = NULL/, "what an ended process held is let go for all apps"],
  [/^UPDATE approvals SET holder = '' WHERE/, "what an ended process held is let go for all apps"],
  [/^SELECT id, app_id FROM approvals WHERE greatest/, "ids alone, for the forgetting of all"],
  [/^SELECT id, app_id FROM tool_calls WHERE expires_at < \$1/, "ids alone, for the forgetting of all"],
  [
    /^SELECT id, app_id, sealed\w* AS sealed, .* AS user_id FROM/,
    "sealing again goes over everything, and sees nothing opened",
  ],
  [/^SELECT CASE WHEN substr\(sealed\w*, 1, 1\) .* AS head, count/, "counts by data key"],
  [/^SELECT count\(\*\) AS n FROM user_keys u JOIN data_keys/, "counts what is to be sealed again"],
  [/^UPDATE (oauth_credentials|approvals) SET (user|owner)_id = /, "a migration goes over everything"],
  [/^LOCK TABLE log_holds/, "no hold of any app comes while the log of all is removed"],
  [/^SELECT \* FROM log_holds WHERE released_at IS NULL/, "the log of all apps is kept for the holds of any"],
  [/^SELECT c\.relname AS name FROM pg_inherits/, "the names of the pieces of the log"],
  [/^SELECT (min\(seq\) AS seq|hash) FROM log WHERE writer = \$1/, "where the chains of all apps begin"],
  [/^DELETE FROM log_refs WHERE ctid IN .* entry_id < \$1/, "of entries that were removed"],
  [/^WITH incoming AS .* INSERT INTO log /, "the rows say whose they are"],
  [/^SELECT kind, entry_id FROM log WHERE entry_id = ANY/, "whether own rows were written"],
  [/^SELECT \* FROM log WHERE writer = \$1 AND seq > \$2/, "a chain goes over all apps"],
  [/^(SELECT|UPDATE|DELETE FROM|INSERT INTO) (.* FROM )?data_keys/, "wrapped keys, for the keyring alone"],
];

/** Holds the statements a store sent against the tables there are. */
export async function expectBoundToApps(database: TestDatabase, sent: ReadonlySet<string>): Promise<void> {
  const rows = await database.query<{ name: string }>(
    "SELECT DISTINCT table_name AS name FROM information_schema.columns WHERE column_name = 'app_id' AND table_schema = 'public'",
  );
  const tables = rows.map(({ name }) => name).filter((name) => !/^log_(rest|\d)/.test(name));
  expect(tables).toEqual(expect.arrayContaining(["secrets", "grants", "log", "log_refs", "api_keys"]));
  const statements = [...sent].map((sql) => sql.replaceAll(/\s+/g, " ").trim());
  const ofApps = statements.filter((sql) => tables.some((table) => new RegExp(`\\b${table}\\b`).test(sql)));
  for (const table of tables) {
    expect(
      ofApps.some((sql) => new RegExp(`\\b${table}\\b`).test(sql)),
      `nothing was sent to ${table}`,
    ).toBe(true);
  }
  const used = new Set<RegExp>();
  const unbound = ofApps.filter((sql) => {
    if (isBound(sql)) return false;
    const exception = NOT_BOUND.find(([pattern]) => pattern.test(sql));
    if (exception) used.add(exception[0]);
    return !exception;
  });
  expect(unbound).toEqual([]);
  expect(NOT_BOUND.filter(([pattern]) => !used.has(pattern))).toEqual([]);
}

function isBound(sql: string): boolean {
  if (/^(CREATE|ALTER)/.test(sql)) return true;
  if (!sql.startsWith("INSERT")) return /\bapp_id (= \$\d+|IS NULL)/.test(sql);
  if (/\bFROM unnest\(/.test(sql) || !sql.includes("DO UPDATE")) return true;
  // What is written over must be of the same app.
  return /ON CONFLICT \(app_id\b/.test(sql) || /\.app_id = excluded\.app_id/.test(sql);
}
