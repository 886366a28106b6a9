import type { AuditEntry } from "@alter-vault/protocol";
import { Option, type Command } from "commander";
import { addAuditExport } from "./audit-export.ts";
import { addAuditHolds } from "./audit-holds.ts";
import { addAuditRetention } from "./audit-retention.ts";
import { addAuditVerify } from "./audit-verify.ts";
import type { Cli } from "./cli.ts";
import { CONNECTION_ENVIRONMENT, describeCommand } from "./describe-command.ts";
import { withVault } from "./open-vault.ts";
import { integer, moment } from "./options.ts";
import { more, show } from "./show.ts";
import { fields, table } from "./table.ts";

/** `alter-vault audit`: reading the log of everything that was asked, decided and done. */
export function addAudit(program: Command, cli: Cli): void {
  const audit = describeCommand(program.command("audit"), {
    summary: "List, show, export and verify the audit log, and say how long it is kept",
    examples: ["alter-vault audit list --since 1h", "alter-vault audit verify"],
  });
  addList(audit, cli);
  addShow(audit, cli);
  addAuditExport(audit, cli);
  addAuditVerify(audit, cli);
  addAuditRetention(audit, cli);
  addAuditHolds(audit, cli);
}

/** The options that choose entries, and the query they make. */
export interface FilterOptions {
  readonly run?: string;
  readonly thread?: string;
  readonly toolCall?: string;
  readonly grant?: string;
  readonly agent?: string;
  readonly agentId?: string;
  readonly user?: string;
  readonly decision?: string;
  readonly since?: string;
  readonly until?: string;
}

export function addFilterOptions(command: Command, cli: Cli): Command {
  const when = moment(() => cli.clock.now());
  return command
    .option("--run <id>", "only entries of one run")
    .option("--thread <id>", "only entries of one thread")
    .option("--tool-call <id>", "only entries of one tool call")
    .option("--grant <id>", "only entries of one grant")
    .option("--agent <identifier>", "only entries of one agent, as callers name themselves")
    .option("--agent-id <agent-id>", "only entries of one registered agent")
    .option("--user <user-id>", "only entries of one end user")
    .addOption(new Option("--decision <decision>", "only entries that were decided so").choices(["allow", "deny"]))
    .option("--since <time>", "from this time on: 2026-01-31, 2026-01-31T08:00:00Z, or 2h for two hours ago", when)
    .option("--until <time>", "before this time, written the same way", when);
}

export function auditQuery(options: FilterOptions): Record<string, string | undefined> {
  const { run, thread, toolCall, grant, agent, agentId, user, decision, since, until } = options;
  return {
    run_id: run,
    thread_id: thread,
    tool_call_id: toolCall,
    grant_id: grant,
    agent,
    agent_id: agentId,
    user_id: user,
    decision,
    since,
    until,
  };
}

function addList(audit: Command, cli: Cli): void {
  const list = addFilterOptions(audit.command("list"), cli)
    .option("--limit <count>", "how many at most, up to 1000 (default: 50)", integer, 50)
    .option("--cursor <cursor>", "go on after an earlier page");
  describeCommand(list, {
    summary: "List audit entries, newest first",
    examples: [
      "alter-vault audit list --since 1h",
      "alter-vault audit list --decision deny --limit 20",
      "alter-vault audit list --run run-42 --json",
    ],
    environment: CONNECTION_ENVIRONMENT,
  }).action((options: FilterOptions & { limit: number; cursor?: string }, command: Command) =>
    withVault(cli, command, async (vault) => {
      const answer = await vault.call("listAudit", {
        query: { ...auditQuery(options), limit: options.limit, cursor: options.cursor },
      });
      const rows = answer.entries.map((entry) => [
        entry.at,
        who(entry),
        what(entry),
        entry.decision,
        status(entry),
        ids(entry),
      ]);
      show(
        cli,
        command,
        answer,
        () => table(["TIME", "WHO", "WHAT", "DECISION", "STATUS", "IDS"], rows) + more(answer),
      );
    }),
  );
}

function addShow(audit: Command, cli: Cli): void {
  describeCommand(audit.command("show").argument("<entry-id>"), {
    summary: "Show one audit entry with everything in it",
    examples: ["alter-vault audit show 01890000-0000-7000-8000-000000000002"],
    environment: CONNECTION_ENVIRONMENT,
  }).action((id: string, _options: object, command: Command) =>
    withVault(cli, command, async (vault) => {
      const entry = await vault.call("getAudit", { id });
      show(cli, command, entry, () => entryText(entry));
    }),
  );
}

function who({ caller, key_id }: AuditEntry): string {
  const name = caller?.identifier ?? caller?.name;
  if (name !== undefined) return `${caller?.type ?? "agent"}:${name}`;
  return key_id === null ? "unknown" : `key:${key_id}`;
}

function what({ method, url, action }: AuditEntry): string {
  return method !== null && url !== null ? `${method} ${url}` : action;
}

function status({ decision, code, outcome, status: httpStatus, outcome_code }: AuditEntry): string {
  if (decision === "deny") return code ?? "denied";
  return httpStatus === null ? (outcome_code ?? outcome) : String(httpStatus);
}

function ids({ entry_id, context }: AuditEntry): string {
  const named = [
    ["run", context["run_id"]],
    ["thread", context["thread_id"]],
    ["call", context["tool_call_id"]],
  ].flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
  return [entry_id, ...named].join(" ");
}

/** Only what is there: most entries lack most parts. */
function entryText(entry: AuditEntry): string {
  const known = Object.entries(entry).flatMap(([name, value]): [string, string][] => {
    if (value === null) return [];
    if (typeof value !== "object") return [[name, String(value)]];
    return Object.keys(value).length === 0 ? [] : [[name, JSON.stringify(value)]];
  });
  return fields(Object.fromEntries(known));
}
