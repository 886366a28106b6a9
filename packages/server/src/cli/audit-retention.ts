import type { AuditRetention } from "@alter-vault/protocol";
import type { Command } from "commander";
import type { Cli } from "./cli.ts";
import { usageError } from "./cli-error.ts";
import { CONNECTION_ENVIRONMENT, describeCommand } from "./describe-command.ts";
import { parseSeconds } from "./duration.ts";
import { withVault } from "./open-vault.ts";
import { requireYes } from "./read-line.ts";
import { show } from "./show.ts";
import { fields } from "./table.ts";

const DAY_SECONDS = 86_400;

/** `alter-vault audit retention`: how long the log is kept. */
export function addAuditRetention(audit: Command, cli: Cli): void {
  const retention = describeCommand(audit.command("retention"), {
    summary: "Show and say how long the log is kept (default: for ever)",
    examples: ["alter-vault audit retention show", "alter-vault audit retention set 400d"],
  });

  describeCommand(retention.command("show"), {
    summary: "Show how long the log is kept, and what was removed so far",
    examples: ["alter-vault audit retention show"],
    environment: CONNECTION_ENVIRONMENT,
  }).action((_options: object, command: Command) =>
    withVault(cli, command, async (vault) => {
      const answer = await vault.call("getAuditRetention");
      show(cli, command, answer, () => retentionText(answer));
    }),
  );

  const set = retention
    .command("set")
    .argument("<time>", "as in 400d or 52w, or forever")
    .option("--reason <text>", "written to the audit log")
    .option("--yes", "do not ask");
  describeCommand(set, {
    summary: "Remove entries that are older, of all apps, within the hour and from then on",
    notes:
      "Needs the scopes audit:write and apps:write. On PostgreSQL a month is removed when all of it is old enough. What a\n" +
      "hold keeps stays: see `alter-vault audit hold`. Export first what you want to keep elsewhere.",
    examples: [
      "alter-vault audit retention set 400d --reason 'policy 12' --yes",
      "alter-vault audit retention set forever",
    ],
    environment: CONNECTION_ENVIRONMENT,
  }).action(async (time: string, { reason, yes }: { reason?: string; yes?: true }, command: Command) => {
    const days = daysOf(time);
    if (days !== null) {
      const question = `Remove entries that are older than ${days} days, and go on doing so?`;
      await requireYes(cli, yes, question, "what is removed cannot be brought back");
    }
    await withVault(cli, command, async (vault) => {
      const answer = await vault.call("putAuditRetention", {
        body: { days, ...(reason === undefined ? {} : { reason }) },
      });
      show(cli, command, answer, () => retentionText(answer));
    });
  });
}

function daysOf(time: string): number | null {
  if (time === "forever") return null;
  const seconds = /\d[dw]$/.test(time) ? parseSeconds(time) : null;
  if (seconds === null) throw usageError(`${time} is not a number of days`, "Write 400d, 52w or forever.");
  return seconds / DAY_SECONDS;
}

function retentionText({ days, set_by, set_at, removed_before, removed_rows }: AuditRetention): string {
  return fields({
    kept: days === null ? "for ever" : `${days} days`,
    ...(days === null ? {} : { "said by": set_by, since: set_at }),
    ...(removed_before === null ? {} : { "removed before": removed_before, "rows removed": removed_rows }),
  });
}
