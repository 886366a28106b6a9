import type { UserErased } from "@alter-vault/protocol";
import type { Command } from "commander";
import type { Cli } from "./cli.ts";
import { CONNECTION_ENVIRONMENT, describeCommand } from "./describe-command.ts";
import { withVault } from "./open-vault.ts";
import { requireYes } from "./read-line.ts";
import { show } from "./show.ts";
import { fields, table } from "./table.ts";

/** `alter-vault users erase`: says what will go, asks, and then it is gone. */
export function addUserErase(users: Command, cli: Cli): void {
  const command = users
    .command("erase")
    .argument("<user-id>")
    .option("--dry-run", "say what would go, and change nothing")
    .option("--yes", "do not ask");
  describeCommand(command, {
    summary: "Revoke and delete all that is kept of a user, and destroy the keys it was sealed with",
    notes:
      "Entries of the audit log stay, and name an id that leads to nobody any more. Backups hold what they held: see\n" +
      "docs/operations.md, Erasing a user. Needs a key with the scope identity:erase.",
    examples: [
      "alter-vault users erase 01890000-0000-7000-8000-000000000001 --dry-run",
      "alter-vault users erase 01890000-0000-7000-8000-000000000001 --yes",
    ],
    environment: CONNECTION_ENVIRONMENT,
  }).action((id: string, { dryRun, yes }: { dryRun?: true; yes?: true }, self: Command) =>
    withVault(cli, self, async (vault) => {
      if (dryRun || !yes) {
        const would = await vault.call("eraseUser", { id, body: { dry_run: true } });
        if (dryRun) return show(cli, self, would, () => `Nothing was changed. This would go:\n\n${counts(would)}`);
        cli.stderr.write(`This goes, here and at the providers:\n\n${counts(would)}\n`);
        await requireYes(cli, yes, `Erase user ${id}?`, "erasing cannot be undone");
      }
      const erased = await vault.call("eraseUser", { id, body: {} });
      show(cli, self, erased, () => erasedText(erased));
    }),
  );
}

function counts({ erased }: UserErased): string {
  return fields({
    "connected accounts": erased.credentials,
    grants: erased.grants,
    delegations: erased.delegations,
    sessions: erased.sessions,
    "connect sessions": erased.connect_sessions,
    approvals: erased.approvals,
    "recorded tool calls": erased.tool_calls,
    "group memberships": erased.groups,
    keys: erased.keys,
  });
}

function erasedText(erased: UserErased): string {
  const text = `Erased.\n\n${counts(erased)}${fields({ "revoked at providers": erased.revoked_at_provider })}`;
  const rows = erased.not_revoked.map((one) => [one.grant_id, one.provider_id, one.detail, one.manual_url]);
  if (rows.length === 0) return text;
  return `${text}\n${table(["NOT REVOKED AT", "PROVIDER", "WHY", "FINISH THERE"], rows)}`;
}
