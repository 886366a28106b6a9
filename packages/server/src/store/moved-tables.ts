/**
 * What moves when a vault moves house, table by table, and what stays behind and why. Both drivers have these tables with
 * the same columns, so that either can fill the other; a test holds the lists against both schemas, and fails for a table
 * that nobody has decided about. A new kind of record is one line here.
 */

/** In an order in which nothing comes before what it refers to. The log is last: it is most of what there is. */
export const MOVED_TABLES: readonly string[] = [
  "apps",
  "data_keys",
  "settings",
  "api_keys",
  "secrets",
  "grants",
  "oauth_credentials",
  "provider_configs",
  "custom_providers",
  "connect_settings",
  "connect_sessions",
  "connect_attempts",
  "identity_providers",
  "users",
  "user_groups",
  "memberships",
  "idp_notices",
  "vault_sessions",
  "agents",
  "delegations",
  "policy_versions",
  "policy_heads",
  "policy_drafts",
  "policy_stops",
  "policy_takes",
  "approvals",
  "approval_votes",
  "approval_links",
  "approval_calls",
  "approval_results",
  "tool_calls",
  "tool_call_answers",
  "checkpoints",
  "log",
];

/** Table -> why it does not move. */
export const LEFT_BEHIND: Readonly<Record<string, string>> = {
  migrations: "the new place has steps of its own",
  nonces: "the new vault takes no request that the old one could have seen",
  nonce_batches: "the new vault takes no request that the old one could have seen",
  chains: "made anew from the log, as chains that nobody goes on writing",
  policy_slots: "calls that were on their way are over",
  own_chain: "the new vault begins a chain of its own",
  log_refs: "made anew from the log",
  log_indexed: "made anew from the log",
  log_rest: "a piece of the log",
};

/**
 * Table -> columns of it that do not move: those that one driver alone has, or that are about the process which works on
 * the record. A new vault finds them empty.
 */
export const COLUMNS_LEFT_BEHIND: Readonly<Record<string, readonly string[]>> = {};

/**
 * Of the log, what every driver keeps of a row: `seq` is its place in the chain of its writer. Rows of a chain come in
 * its order, and chains are mixed by time, so that whatever comes first of all is also the beginning of each chain.
 */
export const LOG_COLUMNS: readonly string[] = ["writer", "seq", "kind", "entry_id", "app_id", "at", "body", "hash"];

/** Of the columns a table has, those that move. */
export function movedColumns(table: string, columns: readonly string[]): readonly string[] {
  if (table === "log") return LOG_COLUMNS;
  return columns.filter((name) => !COLUMNS_LEFT_BEHIND[table]?.includes(name));
}
