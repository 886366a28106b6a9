import type { AuditEntry } from "@alter-vault/protocol";

/**
 * Audit entries as CSV (RFC 4180). Texts come from callers, so one that a spreadsheet would take for a formula gets an
 * apostrophe in front.
 */
const COLUMNS = [
  "entry_id",
  "at",
  "kind",
  "action",
  "decision",
  "rule",
  "code",
  "message",
  "outcome",
  "status",
  "outcome_code",
  "method",
  "url",
  "app_id",
  "key_id",
  "agent_id",
  "user_id",
  "session_id",
  "caller",
  "run_id",
  "thread_id",
  "tool_call_id",
  "context",
  "reason",
  "mode",
  "grant_id",
  "delegation_id",
  "policy_version",
  "approval_id",
  "shadow",
  "secret_id",
  "provider",
  "principal_type",
  "principal_id",
  "erased",
  "body_digest",
  "latency_ms",
  "retries",
  "redirects",
  "request_bytes",
  "response_bytes",
  "scrubbed",
] as const;

export const CSV_HEADER: string = `${COLUMNS.join(",")}\r\n`;

export function csvRow(entry: AuditEntry): string {
  const flat: Record<string, unknown> = {
    ...entry,
    run_id: entry.context["run_id"],
    thread_id: entry.context["thread_id"],
    tool_call_id: entry.context["tool_call_id"],
  };
  return `${COLUMNS.map((name) => csvCell(flat[name])).join(",")}\r\n`;
}

function csvCell(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const inert = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
