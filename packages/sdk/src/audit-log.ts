import { AuditList, type AuditEntry as WireEntry } from "@alter-vault/protocol";
import { checkText } from "./call-defaults.ts";
import { callRoute, ROUTE_OPTION_NAMES, type RouteOptions } from "./call-route.ts";
import type { Core } from "./core.ts";
import { isoTime } from "./grant-policy.ts";
import { checkKnownNames } from "./known-names.ts";

type CamelCase<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name;

/** One line of the audit log: who asked for what, what was decided, and what came of it. */
export type AuditEntry = { readonly [Name in keyof WireEntry as CamelCase<Name>]: WireEntry[Name] };

export interface ListAuditOptions extends RouteOptions {
  /** Of a verified end user. */
  readonly userId?: string | undefined;
  /** Of a registered agent, whose key signed. */
  readonly agentId?: string | undefined;
  /** What a caller called itself. */
  readonly agent?: string | undefined;
  readonly grantId?: string | undefined;
  readonly runId?: string | undefined;
  readonly threadId?: string | undefined;
  readonly toolCallId?: string | undefined;
  readonly decision?: WireEntry["decision"] | undefined;
  /** ISO 8601 or a Date, like the next. */
  readonly since?: string | Date | undefined;
  readonly until?: string | Date | undefined;
  /** Default: 100. At most 1000. */
  readonly limit?: number | undefined;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
}

export interface AuditListResult {
  /** Newest first. */
  readonly entries: readonly AuditEntry[];
  readonly limit: number;
  readonly hasMore: boolean;
  readonly nextCursor: string | null;
}

/** Options that are texts, and what the wire calls them. */
const TEXTS = {
  userId: "user_id",
  agentId: "agent_id",
  agent: "agent",
  grantId: "grant_id",
  runId: "run_id",
  threadId: "thread_id",
  toolCallId: "tool_call_id",
  decision: "decision",
  cursor: "cursor",
} as const;

export async function listAudit(core: Core, options: ListAuditOptions = {}): Promise<AuditListResult> {
  checkKnownNames(options, [...Object.keys(TEXTS), "since", "until", "limit", ...ROUTE_OPTION_NAMES]);
  const { signal, timeout, userToken, since, until, limit, ...texts } = options;
  const query: Record<string, string | number | undefined> = {
    since: isoTime("since", since),
    until: isoTime("until", until),
    limit,
  };
  for (const [name, value] of Object.entries(texts)) {
    if (value !== undefined) query[TEXTS[name as keyof typeof TEXTS]] = checkText(name, value, 512);
  }
  const list = await callRoute(core, "listAudit", { signal, timeout, userToken, query, answer: AuditList });
  return {
    entries: list.entries.map(auditEntry),
    limit: list.limit,
    hasMore: list.has_more,
    nextCursor: list.next_cursor,
  };
}

function auditEntry(entry: WireEntry): AuditEntry {
  const named = Object.entries(entry).map(([name, value]) => [camelCase(name), value] as const);
  // The names are those of the type, by the same rule.
  return Object.fromEntries(named) as unknown as AuditEntry;
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
