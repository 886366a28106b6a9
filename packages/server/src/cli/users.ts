import type { User } from "@alter-vault/protocol";
import type { Command } from "commander";
import type { Cli } from "./cli.ts";
import { CONNECTION_ENVIRONMENT, describeCommand } from "./describe-command.ts";
import { withVault } from "./open-vault.ts";
import { integer } from "./options.ts";
import { requireYes } from "./read-line.ts";
import { more, show } from "./show.ts";
import { fields, table } from "./table.ts";
import { addUserErase } from "./users-erase.ts";
import { addUserExport } from "./users-export.ts";

interface PageOptions {
  readonly idp?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

/** `alter-vault users` and `alter-vault groups`: whom the identity providers told of. */
export function addUsers(program: Command, cli: Cli): void {
  const users = describeCommand(program.command("users"), {
    summary: "List, suspend, resume, delete, export and erase end users",
    examples: ["alter-vault users list", "alter-vault users suspend 01890000-0000-7000-8000-000000000001"],
  });
  addListUsers(users, cli);
  addShow(users, cli);
  addChange(
    users,
    cli,
    "suspend",
    "suspendUser",
    "Refuse the calls of a user from the next one on; nothing is revoked",
  );
  addChange(users, cli, "resume", "resumeUser", "Let a user back in who was suspended");
  addDelete(users, cli);
  addUserExport(users, cli);
  addUserErase(users, cli);
  const groups = describeCommand(program.command("groups"), {
    summary: "List groups of end users",
    examples: ["alter-vault groups list"],
  });
  addListGroups(groups, cli);
}

function paged(command: Command): Command {
  return command
    .option("--idp <idp-id>", "only those of one identity provider")
    .option("--limit <count>", "how many at most, up to 1000 (default: 100)", integer)
    .option("--cursor <cursor>", "go on after an earlier page");
}

function addListUsers(users: Command, cli: Cli): void {
  describeCommand(paged(users.command("list")), {
    summary: "List users who were seen, or whom a directory told of",
    examples: ["alter-vault users list", "alter-vault users list --idp 01890000-0000-7000-8000-000000000001"],
    environment: CONNECTION_ENVIRONMENT,
  }).action(({ idp, limit, cursor }: PageOptions, command: Command) =>
    withVault(cli, command, async (vault) => {
      const answer = await vault.call("listUsers", { query: { idp_id: idp, limit, cursor } });
      const rows = answer.users.map((user) => [
        user.user_id,
        user.external_subject_id,
        user.email,
        user.status,
        user.groups.map(({ name }) => name),
        user.last_seen_at,
      ]);
      show(
        cli,
        command,
        answer,
        () => table(["USER ID", "SUBJECT", "EMAIL", "STATUS", "GROUPS", "LAST SEEN"], rows) + more(answer),
      );
    }),
  );
}

function addListGroups(groups: Command, cli: Cli): void {
  describeCommand(paged(groups.command("list")), {
    summary: "List groups, with how many are in them",
    examples: ["alter-vault groups list"],
    environment: CONNECTION_ENVIRONMENT,
  }).action(({ idp, limit, cursor }: PageOptions, command: Command) =>
    withVault(cli, command, async (vault) => {
      const answer = await vault.call("listGroups", { query: { idp_id: idp, limit, cursor } });
      const rows = answer.groups.map((group) => [
        group.group_id,
        group.idp_id,
        group.external_group_id,
        group.name,
        group.members,
      ]);
      show(
        cli,
        command,
        answer,
        () => table(["GROUP ID", "IDP ID", "EXTERNAL ID", "NAME", "MEMBERS"], rows) + more(answer),
      );
    }),
  );
}

function addShow(users: Command, cli: Cli): void {
  describeCommand(users.command("show").argument("<user-id>"), {
    summary: "Show one user, with their groups",
    examples: ["alter-vault users show 01890000-0000-7000-8000-000000000001"],
    environment: CONNECTION_ENVIRONMENT,
  }).action((id: string, _options: object, command: Command) =>
    withVault(cli, command, async (vault) => {
      const user = await vault.call("getUser", { id });
      show(cli, command, user, () => userFields(user));
    }),
  );
}

function addChange(
  users: Command,
  cli: Cli,
  name: "suspend" | "resume",
  route: "suspendUser" | "resumeUser",
  summary: string,
): void {
  describeCommand(users.command(name).argument("<user-id>"), {
    summary,
    examples: [`alter-vault users ${name} 01890000-0000-7000-8000-000000000001`],
    environment: CONNECTION_ENVIRONMENT,
  }).action((id: string, _options: object, command: Command) =>
    withVault(cli, command, async (vault) => {
      const user = await vault.call(route, { id });
      show(cli, command, user, () => userFields(user));
    }),
  );
}

function addDelete(users: Command, cli: Cli): void {
  describeCommand(users.command("delete").argument("<user-id>").option("--yes", "do not ask"), {
    summary: "End a user's access for good, and revoke the accounts they connected",
    examples: ["alter-vault users delete 01890000-0000-7000-8000-000000000001 --yes"],
    environment: CONNECTION_ENVIRONMENT,
  }).action(async (id: string, { yes }: { yes?: true }, command: Command) => {
    await requireYes(cli, yes, `Delete user ${id} for good?`, "deleting cannot be undone");
    await withVault(cli, command, async (vault) => {
      const user = await vault.call("deleteUser", { id });
      show(cli, command, user, () => `Deleted.\n${userFields(user)}`);
    });
  });
}

function userFields({ groups, ...user }: User): string {
  return fields({ ...user, groups: groups.map(({ name }) => name) });
}
