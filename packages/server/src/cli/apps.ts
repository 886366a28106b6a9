import type { Command } from "commander";
import type { Cli } from "./cli.ts";
import { CONNECTION_ENVIRONMENT, describeCommand } from "./describe-command.ts";
import { withVault } from "./open-vault.ts";
import { show } from "./show.ts";
import { fields, table } from "./table.ts";

/** `alter-vault apps`: the tenants of the vault. */
export function addApps(program: Command, cli: Cli): void {
  const apps = describeCommand(program.command("apps"), {
    summary: "List and create apps, the tenants of the vault",
    examples: ["alter-vault apps list", "alter-vault apps create --name billing"],
  });

  describeCommand(apps.command("list"), {
    summary: "List apps",
    examples: ["alter-vault apps list", "alter-vault apps list --json"],
    environment: CONNECTION_ENVIRONMENT,
  }).action((_options: object, command: Command) =>
    withVault(cli, command, async (vault) => {
      const answer = await vault.call("listApps");
      show(cli, command, answer, () =>
        table(
          ["APP ID", "NAME", "CREATED"],
          answer.apps.map((app) => [app.app_id, app.name, app.created_at]),
        ),
      );
    }),
  );

  describeCommand(apps.command("create").requiredOption("--name <name>", "name of the app"), {
    summary: "Create an app",
    notes: "Give it a key with `alter-vault api-keys create --app APP_ID --name …`.",
    examples: ["alter-vault apps create --name billing"],
    environment: CONNECTION_ENVIRONMENT,
  }).action(({ name }: { name: string }, command: Command) =>
    withVault(cli, command, async (vault) => {
      const app = await vault.call("createApp", { body: { name } });
      show(cli, command, app, () => fields({ app_id: app.app_id, name: app.name, created: app.created_at }));
    }),
  );
}
