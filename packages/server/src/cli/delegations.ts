import type { Command } from "commander";
import type { Cli } from "./cli.ts";
import { CONNECTION_ENVIRONMENT, describeCommand } from "./describe-command.ts";
import { withVault } from "./open-vault.ts";
import { cancelled, confirm, isInteractive } from "./read-line.ts";
import { show } from "./show.ts";
import { fields, table } from "./table.ts";

/** `alter-vault delegations`: what users let agents use. Only users give; the app and they take back. */
export function addDelegations(program: Command, cli: Cli): void {
  const delegations = describeCommand(program.command("delegations"), {
    summary: "List what users let agents use, and take it back",
    examples: ["alter-vault delegations list --agent 01890000-0000-7000-8000-000000000001"],
  });
  const list = delegations
    .command("list")
    .option("--agent <agent-id>", "only those of one agent")
    .option("--grant <grant-id>", "only those of one grant");
  describeCommand(list, {
    summary: "List which agents may use which grants of users",
    examples: [
      "alter-vault delegations list",
      "alter-vault delegations list --grant 01890000-0000-7000-8000-000000000001",
    ],
    environment: CONNECTION_ENVIRONMENT,
  }).action(({ agent, grant }: { agent?: string; grant?: string }, command: Command) =>
    withVault(cli, command, async (vault) => {
      const answer = await vault.call("listDelegations", { query: { agent_id: agent, grant_id: grant } });
      const rows = answer.delegations.map((one) => [
        one.delegation_id,
        one.agent_id,
        one.grant_id,
        one.provider_id,
        one.user_id,
        one.status,
        one.expires_at,
      ]);
      show(cli, command, answer, () =>
        table(["DELEGATION ID", "AGENT ID", "GRANT ID", "PROVIDER", "USER ID", "STATUS", "EXPIRES"], rows),
      );
    }),
  );
  describeCommand(delegations.command("revoke").argument("<delegation-id>").option("--yes", "do not ask"), {
    summary: "Take back what a user let an agent use; the user's grant stays",
    examples: ["alter-vault delegations revoke 01890000-0000-7000-8000-000000000001 --yes"],
    environment: CONNECTION_ENVIRONMENT,
  }).action(async (id: string, { yes }: { yes?: true }, command: Command) => {
    if (!yes && isInteractive(cli) && !(await confirm(cli, `Revoke delegation ${id}?`))) throw cancelled();
    await withVault(cli, command, async (vault) => {
      const revoked = await vault.call("revokeDelegation", { id });
      show(cli, command, revoked, () => fields({ ...revoked }));
    });
  });
}
