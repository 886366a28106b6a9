import { SECRET_KINDS, type Secret } from "@alter-vault/protocol";
import { Option, type Command } from "commander";
import type { Cli } from "./cli.ts";
import { usageError } from "./cli-error.ts";
import { CONNECTION_ENVIRONMENT, describeCommand } from "./describe-command.ts";
import { addSecretCreate } from "./secrets-create.ts";
import { withVault } from "./open-vault.ts";
import { integer, repeated } from "./options.ts";
import { requireYes } from "./read-line.ts";
import { parseSecretMaterial, refuseValueInArgv, addValueOptions } from "./secret-material.ts";
import { readSecretInput, type ValueSource } from "./secret-input.ts";
import { more, show } from "./show.ts";
import { fields, table } from "./table.ts";

/** `alter-vault secrets`: the credentials that the vault keeps. Values go in and never come out. */
export function addSecrets(program: Command, cli: Cli): void {
  const secrets = describeCommand(program.command("secrets"), {
    summary: "Store, list, rotate and delete the credentials that the vault keeps",
    examples: [
      'printf %s "$TOKEN" | alter-vault secrets create --name github --kind bearer --value-stdin --allow-host api.github.com',
      "alter-vault secrets list",
    ],
  });
  addList(secrets, cli);
  addShow(secrets, cli);
  addSecretCreate(secrets, cli);
  addUpdate(secrets, cli);
  addRotate(secrets, cli);
  addDelete(secrets, cli);
}

interface ListOptions {
  readonly limit?: number;
  readonly cursor?: string;
}

function addList(secrets: Command, cli: Cli): void {
  const list = secrets
    .command("list")
    .option("--limit <count>", "how many at most, up to 1000 (default: 100)", integer)
    .option("--cursor <cursor>", "go on after an earlier page");
  describeCommand(list, {
    summary: "List secrets, without their values",
    examples: ["alter-vault secrets list", "alter-vault secrets list --limit 10 --json"],
    environment: CONNECTION_ENVIRONMENT,
  }).action(({ limit, cursor }: ListOptions, command: Command) =>
    withVault(cli, command, async (vault) => {
      const answer = await vault.call("listSecrets", { query: { limit, cursor } });
      const rows = answer.secrets.map((secret) => [
        secret.secret_id,
        secret.name,
        secret.provider,
        secret.kind,
        secret.version,
        secret.allowed_hosts,
      ]);
      show(
        cli,
        command,
        answer,
        () => table(["SECRET ID", "NAME", "PROVIDER", "KIND", "VERSION", "HOSTS"], rows) + more(answer),
      );
    }),
  );
}

function addShow(secrets: Command, cli: Cli): void {
  describeCommand(secrets.command("show").argument("<secret-id>"), {
    summary: "Show one secret, without its value",
    examples: ["alter-vault secrets show 01890000-0000-7000-8000-000000000000"],
    environment: CONNECTION_ENVIRONMENT,
  }).action((id: string, _options: object, command: Command) =>
    withVault(cli, command, async (vault) => {
      const secret = await vault.call("getSecret", { id });
      show(cli, command, secret, () => secretFields(secret));
    }),
  );
}

interface UpdateOptions {
  readonly name?: string;
  readonly allowHost?: readonly string[];
}

function addUpdate(secrets: Command, cli: Cli): void {
  const update = secrets
    .command("update")
    .argument("<secret-id>")
    .option("--name <name>", "a new name")
    .option(
      "--allow-host <host>",
      "host that may see the credential; may come more than once, and replaces the whole list",
      repeated,
    );
  describeCommand(update, {
    summary: "Rename a secret, or replace the list of its allowed hosts",
    examples: [
      "alter-vault secrets update 01890000-0000-7000-8000-000000000000 --name github-prod",
      "alter-vault secrets update 01890000-0000-7000-8000-000000000000 --allow-host api.github.com --allow-host uploads.github.com",
    ],
    environment: CONNECTION_ENVIRONMENT,
  }).action((id: string, { name, allowHost }: UpdateOptions, command: Command) => {
    if (name === undefined && allowHost === undefined)
      throw usageError("nothing to change: pass --name or --allow-host");
    const body = {
      ...(name === undefined ? {} : { name }),
      ...(allowHost === undefined ? {} : { allowed_hosts: [...allowHost] }),
    };
    return withVault(cli, command, async (vault) => {
      const secret = await vault.call("updateSecret", { id, body });
      show(cli, command, secret, () => secretFields(secret));
    });
  });
}

function addRotate(secrets: Command, cli: Cli): void {
  const rotate = addValueOptions(secrets.command("rotate").argument("<secret-id>")).addOption(
    new Option("--kind <kind>", "refuse unless the secret is of this kind").choices(SECRET_KINDS),
  );
  describeCommand(rotate, {
    summary: "Replace the value of a secret; every grant keeps its id",
    notes: "The value is written as for `secrets create`, by the kind of the secret.",
    examples: [
      'printf %s "$NEW_TOKEN" | alter-vault secrets rotate 01890000-0000-7000-8000-000000000000 --value-stdin',
    ],
    environment: CONNECTION_ENVIRONMENT,
  }).action(async (id: string, options: ValueSource & { kind?: Secret["kind"]; value?: string }, command: Command) => {
    refuseValueInArgv(options);
    // Before the vault is opened: nothing is held while somebody types.
    const raw = await readSecretInput(cli, options, "as for secrets create");
    await withVault(cli, command, async (vault) => {
      const { kind } = await vault.call("getSecret", { id });
      if (options.kind !== undefined && options.kind !== kind)
        throw usageError(`the secret is of kind ${kind}, not ${options.kind}`);
      const secret = await vault.call("rotateSecret", { id, body: { value: parseSecretMaterial(cli, kind, raw) } });
      show(cli, command, secret, () => secretFields(secret));
    });
  });
}

function addDelete(secrets: Command, cli: Cli): void {
  describeCommand(secrets.command("delete").argument("<secret-id>").option("--yes", "do not ask"), {
    summary: "Delete a secret with its value and its grants",
    examples: ["alter-vault secrets delete 01890000-0000-7000-8000-000000000000 --yes"],
    environment: CONNECTION_ENVIRONMENT,
  }).action(async (id: string, { yes }: { yes?: true }, command: Command) => {
    const question = `Delete secret ${id}, its value and its grants? This cannot be undone.`;
    await requireYes(cli, yes, question, "deleting cannot be undone");
    await withVault(cli, command, async (vault) => {
      const secret = await vault.call("deleteSecret", { id });
      show(cli, command, secret, () => `Deleted.\n${secretFields(secret)}`);
    });
  });
}

function secretFields(secret: Secret): string {
  return fields({
    secret_id: secret.secret_id,
    name: secret.name,
    provider: secret.provider,
    kind: secret.kind,
    injection: JSON.stringify(secret.injection),
    hosts: secret.allowed_hosts,
    version: secret.version,
    created: secret.created_at,
    updated: secret.updated_at,
  });
}
