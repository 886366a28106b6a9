import type { AuditHold } from "@alter-vault/protocol";
import type { Command } from "commander";
import type { Cli } from "./cli.ts";
import { CONNECTION_ENVIRONMENT, describeCommand } from "./describe-command.ts";
import { withVault } from "./open-vault.ts";
import { moment } from "./options.ts";
import { requireYes } from "./read-line.ts";
import { show } from "./show.ts";
import { fields, table } from "./table.ts";

interface AddOptions {
  readonly user?: string;
  readonly since?: string;
  readonly until?: string;
  readonly reason: string;
}

/** `alter-vault audit hold`: what must not be removed, whatever retention says. */
export function addAuditHolds(audit: Command, cli: Cli): void {
  const hold = describeCommand(audit.command("hold"), {
    summary: "Keep entries longer than retention would, until the hold is released",
    examples: ["alter-vault audit hold add --reason 'case 2026-17'", "alter-vault audit hold list"],
  });
  const when = moment(() => cli.clock.now());

  const add = hold
    .command("add")
    .requiredOption("--reason <text>", "why, for whoever reads the list and the log")
    .option("--user <user-id>", "only entries of one end user")
    .option("--since <time>", "only entries from this time on: 2026-01-31, or 30d for thirty days ago", when)
    .option("--until <time>", "only entries before this time", when);
  describeCommand(add, {
    summary: "Keep the entries of the app, or some of them",
    notes: "What came after the first entry that is held stays as well, so that the log can be verified.",
    examples: [
      "alter-vault audit hold add --reason 'case 2026-17' --since 2026-01-01 --until 2026-02-01",
      "alter-vault audit hold add --reason 'case 2026-18' --user 01890000-0000-7000-8000-000000000001",
    ],
    environment: CONNECTION_ENVIRONMENT,
  }).action(({ user, since, until, reason }: AddOptions, command: Command) =>
    withVault(cli, command, async (vault) => {
      const body = {
        reason,
        ...(user === undefined ? {} : { user_id: user }),
        ...(since === undefined ? {} : { since }),
        ...(until === undefined ? {} : { until }),
      };
      const added = await vault.call("addAuditHold", { body });
      show(cli, command, added, () => holdText(added));
    }),
  );

  describeCommand(hold.command("list"), {
    summary: "List the holds of the app, with those that were released",
    examples: ["alter-vault audit hold list"],
    environment: CONNECTION_ENVIRONMENT,
  }).action((_options: object, command: Command) =>
    withVault(cli, command, async (vault) => {
      const answer = await vault.call("listAuditHolds");
      const rows = answer.holds.map((one) => [
        one.hold_id,
        one.user_id,
        one.since,
        one.until,
        one.reason,
        one.created_by,
        one.released_at,
      ]);
      show(cli, command, answer, () =>
        table(["HOLD ID", "USER ID", "SINCE", "UNTIL", "REASON", "BY", "RELEASED"], rows),
      );
    }),
  );

  const release = hold
    .command("release")
    .argument("<hold-id>")
    .option("--reason <text>", "written to the audit log")
    .option("--yes", "do not ask");
  describeCommand(release, {
    summary: "End a hold: what only it kept is removed as retention says",
    examples: ["alter-vault audit hold release 01890000-0000-7000-8000-000000000001 --reason 'case closed' --yes"],
    environment: CONNECTION_ENVIRONMENT,
  }).action(async (id: string, { reason, yes }: { reason?: string; yes?: true }, command: Command) => {
    await requireYes(cli, yes, `Release hold ${id}?`, "what only it kept may be removed at once");
    await withVault(cli, command, async (vault) => {
      const released = await vault.call("releaseAuditHold", { id, body: reason === undefined ? {} : { reason } });
      show(cli, command, released, () => holdText(released));
    });
  });
}

function holdText(hold: AuditHold): string {
  const known = Object.entries(hold).filter(([, value]) => value !== null);
  return fields(Object.fromEntries(known));
}
