import type { GrantRevoked, GrantsRevoke, GrantsRevoked } from "@alter-vault/protocol";
import type { Command } from "commander";
import type { Cli } from "./cli.ts";
import { usageError } from "./cli-error.ts";
import { CONNECTION_ENVIRONMENT, describeCommand } from "./describe-command.ts";
import { withVault } from "./open-vault.ts";
import { moment } from "./options.ts";
import { cancelled, confirm, isInteractive } from "./read-line.ts";
import { show } from "./show.ts";
import { fields, table } from "./table.ts";

interface RevokeOptions {
  readonly all?: true;
  readonly provider?: string;
  readonly account?: string;
  readonly before?: string;
  readonly after?: string;
  readonly dryRun?: true;
  readonly reason?: string;
  readonly yes?: true;
}

/** `alter-vault grants revoke`: one by its id, or all connected accounts that match. */
export function addGrantRevoke(grants: Command, cli: Cli): void {
  const when = moment(() => cli.clock.now());
  const revoke = grants
    .command("revoke")
    .argument("[grant-id]")
    .option("--all", "every connected account of the app")
    .option("--provider <provider>", "every account at this provider")
    .option("--account <account>", "every grant for this account, as in ada@example.com")
    .option("--before <time>", "those that were made before, as in 2026-01-31 or 2h for two hours ago", when)
    .option("--after <time>", "those that were made since", when)
    .option("--dry-run", "count them, and change nothing")
    .option("--reason <text>", "written to the audit log")
    .option("--yes", "do not ask");
  describeCommand(revoke, {
    summary: "Revoke a grant, or all connected accounts that match; the next call with one is refused",
    notes:
      "With several conditions, a grant must match all of them. Connected accounts are revoked at their providers too.",
    examples: [
      "alter-vault grants revoke 01890000-0000-7000-8000-000000000001 --reason 'agent retired' --yes",
      "alter-vault grants revoke --provider github --before 2026-01-31 --dry-run",
      "alter-vault grants revoke --all --reason 'incident 7' --yes",
    ],
    environment: CONNECTION_ENVIRONMENT,
  }).action((id: string | undefined, options: RevokeOptions, command: Command) => {
    const { all, provider, account, before, after, dryRun } = options;
    const many = [all, provider, account, before, after].some((condition) => condition !== undefined);
    if (id !== undefined && (many || dryRun)) throw usageError("name a grant, or conditions, but not both");
    if (id !== undefined) return revokeOne(cli, command, id, options);
    if (!many) throw usageError("name a grant, or a condition, or --all");
    return revokeMany(cli, command, options);
  });
}

/** `alter-vault grants disconnect`. */
export function addGrantDisconnect(grants: Command, cli: Cli): void {
  const disconnect = grants
    .command("disconnect")
    .argument("<grant-id>")
    .option("--reason <text>", "written to the audit log")
    .option("--yes", "do not ask");
  describeCommand(disconnect, {
    summary: "Revoke a grant for good: connecting the account again makes a new one",
    examples: ["alter-vault grants disconnect 01890000-0000-7000-8000-000000000001 --yes"],
    environment: CONNECTION_ENVIRONMENT,
  }).action(async (id: string, { reason, yes }: RevokeOptions, command: Command) => {
    if (!yes && isInteractive(cli) && !(await confirm(cli, `Disconnect grant ${id} for good?`))) throw cancelled();
    await withVault(cli, command, async (vault) => {
      const ended = await vault.call("disconnectGrant", { id, body: reason === undefined ? {} : { reason } });
      show(cli, command, ended, () => revokedFields(ended));
    });
  });
}

async function revokeOne(cli: Cli, command: Command, id: string, { reason, yes }: RevokeOptions): Promise<void> {
  if (!yes && isInteractive(cli) && !(await confirm(cli, `Revoke grant ${id}?`))) throw cancelled();
  await withVault(cli, command, async (vault) => {
    const revoked = await vault.call("revokeGrant", { id, body: reason === undefined ? {} : { reason } });
    show(cli, command, revoked, () => revokedFields(revoked));
  });
}

function revokedFields(revoked: GrantRevoked): string {
  return fields({
    grant_id: revoked.grant_id,
    revoked: revoked.revoked_at,
    "at the provider": PROVIDER_SAID[revoked.provider_revocation],
    ...(revoked.provider_detail === null ? {} : { "provider said": revoked.provider_detail }),
    ...(revoked.manual_url === null ? {} : { "finish there": revoked.manual_url }),
  });
}

const PROVIDER_SAID: Readonly<Record<GrantRevoked["provider_revocation"], string>> = {
  not_applicable: "nothing to revoke",
  done: "revoked",
  failed: "not revoked; the material is gone here",
  not_supported: "cannot be revoked by the vault; the material is gone here",
};

async function revokeMany(cli: Cli, command: Command, options: RevokeOptions): Promise<void> {
  const { dryRun, yes } = options;
  const body = filterOf(options);
  if (!dryRun && !yes && !isInteractive(cli))
    throw usageError("revoking many cannot be undone", "Look with --dry-run, and pass --yes when nobody can be asked.");
  await withVault(cli, command, async (vault) => {
    if (!dryRun && !yes) {
      const { matched } = await vault.call("revokeGrants", { body: { ...body, dry_run: true } });
      const what = matched === 1 ? "1 connected account" : `${matched} connected accounts`;
      if (!(await confirm(cli, `Revoke ${what}, here and at the providers? This cannot be undone.`))) throw cancelled();
    }
    const revoked = await vault.call("revokeGrants", { body: { ...body, dry_run: dryRun === true } });
    show(cli, command, revoked, () => manyText(revoked));
  });
}

function filterOf({ all, provider, account, before, after, reason }: RevokeOptions): GrantsRevoke {
  return {
    ...(all ? { all } : {}),
    ...(provider === undefined ? {} : { provider_id: provider }),
    ...(account === undefined ? {} : { account_identifier: account }),
    ...(before === undefined ? {} : { created_before: before }),
    ...(after === undefined ? {} : { created_after: after }),
    ...(reason === undefined ? {} : { reason }),
  };
}

function manyText(revoked: GrantsRevoked): string {
  const { matched, dry_run, failed_at_provider: failed } = revoked;
  if (dry_run) return `${matched} would be revoked. Nothing was changed.\n`;
  const counts = fields({
    matched,
    revoked: revoked.revoked,
    "revoked at the provider": revoked.revoked_at_provider,
    "not revoked there": failed.length,
  });
  const rows = failed.map(({ grant_id, detail }) => [grant_id, detail]);
  return rows.length === 0 ? counts : `${counts}\n${table(["GRANT ID", "WHY NOT AT THE PROVIDER"], rows)}`;
}
