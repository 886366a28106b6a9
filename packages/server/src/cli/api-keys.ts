import { SCOPES, type Scope } from "@alter-vault/protocol";
import type { Command } from "commander";
import type { Cli } from "./cli.ts";
import { createdKeyText, keyFields, keyTable } from "./api-key-text.ts";
import { CONNECTION_ENVIRONMENT, describeCommand } from "./describe-command.ts";
import { constraintsOf, withConstraints, type KeyOptions } from "./key-options.ts";
import { withVault } from "./open-vault.ts";
import { repeatedChoice, seconds } from "./options.ts";
import { cancelled, confirm, isInteractive } from "./read-line.ts";
import { show } from "./show.ts";
import { fields } from "./table.ts";

interface CreateOptions extends Pick<KeyOptions, "cidr" | "rate"> {
  readonly name: string;
  readonly scope?: readonly Scope[];
  readonly ttl?: number;
}

/** `alter-vault api-keys`: the keys that programs sign with. */
export function addApiKeys(program: Command, cli: Cli): void {
  const keys = describeCommand(program.command("api-keys"), {
    summary: "List, create, rotate and revoke API keys, which programs sign their calls with",
    examples: ["alter-vault api-keys list", "alter-vault api-keys create --name my-agent"],
  });
  addList(keys, cli);
  addCreate(keys, cli);
  addRotate(keys, cli);
  addDeprecate(keys, cli);
  addRevoke(keys, cli);
}

function addList(keys: Command, cli: Cli): void {
  describeCommand(keys.command("list"), {
    summary: "List API keys, without their secrets",
    examples: ["alter-vault api-keys list"],
    environment: CONNECTION_ENVIRONMENT,
  }).action((_options: object, command: Command) =>
    withVault(cli, command, async (vault) => {
      const answer = await vault.call("listKeys");
      show(cli, command, answer, () => keyTable(answer.keys));
    }),
  );
}

function addCreate(keys: Command, cli: Cli): void {
  const create = keys
    .command("create")
    .requiredOption("--name <name>", "what the key is for")
    .option("--scope <scope>", `what it may do; may come more than once: ${SCOPES.join(", ")}`, repeatedChoice(SCOPES))
    .option("--ttl <time>", "how long it lives: 30d, 12h, 5m, or seconds (default: until it is revoked)", seconds);
  describeCommand(withConstraints(create), {
    summary: "Create an API key; it is shown once",
    notes:
      "Without --scope the key may call providers and handle grants: proxy:execute, tokens:retrieve, grants:read, grants:write.",
    examples: [
      "alter-vault api-keys create --name my-agent",
      "alter-vault api-keys create --name auditor --scope audit:read --ttl 30d",
    ],
    environment: CONNECTION_ENVIRONMENT,
  }).action(({ name, scope, ttl, ...bound }: CreateOptions, command: Command) =>
    withVault(cli, command, async (vault) => {
      const key = await vault.call("createKey", {
        body: {
          name,
          ...(scope === undefined ? {} : { scopes: [...scope] }),
          ...(ttl === undefined ? {} : { expires_in_seconds: ttl }),
          ...constraintsOf(bound),
        },
      });
      createdKeyText(cli, command, key);
    }),
  );
}

function addRotate(keys: Command, cli: Cli): void {
  const rotate = keys
    .command("rotate")
    .argument("<key-id>")
    .option(
      "--ttl <time>",
      "how long the new key lives: 30d, 12h, 5m, or seconds (default: as long as the old)",
      seconds,
    );
  describeCommand(rotate, {
    summary: "Make a key that may do the same; the old one is deprecated, and works until it is revoked",
    examples: ["alter-vault api-keys rotate 0123456789abcdef"],
    environment: CONNECTION_ENVIRONMENT,
  }).action((id: string, { ttl }: { ttl?: number }, command: Command) =>
    withVault(cli, command, async (vault) => {
      const body = ttl === undefined ? {} : { expires_in_seconds: ttl };
      createdKeyText(cli, command, await vault.call("rotateKey", { id, body }));
    }),
  );
}

function addDeprecate(keys: Command, cli: Cli): void {
  describeCommand(keys.command("deprecate").argument("<key-id>").option("--undo", "take it back"), {
    summary: "Have every answer to a key say that it should not be used any more; it goes on working",
    examples: [
      "alter-vault api-keys deprecate 0123456789abcdef",
      "alter-vault api-keys deprecate 0123456789abcdef --undo",
    ],
    environment: CONNECTION_ENVIRONMENT,
  }).action((id: string, { undo }: { undo?: true }, command: Command) =>
    withVault(cli, command, async (vault) => {
      const key = await vault.call(undo ? "undeprecateKey" : "deprecateKey", { id });
      show(cli, command, key, () => keyFields(key));
    }),
  );
}

function addRevoke(keys: Command, cli: Cli): void {
  describeCommand(
    keys
      .command("revoke")
      .argument("<key-id>", "the id: the part between alter_key_ and the next underscore")
      .option("--force", "also when it is the last key of its agent that works")
      .option("--yes", "do not ask"),
    {
      summary: "Revoke an API key; the next call with it is refused",
      examples: ["alter-vault api-keys revoke 0123456789abcdef --yes"],
      environment: CONNECTION_ENVIRONMENT,
    },
  ).action(async (id: string, { force, yes }: { force?: true; yes?: true }, command: Command) => {
    if (!yes && isInteractive(cli) && !(await confirm(cli, `Revoke API key ${id}?`))) throw cancelled();
    await withVault(cli, command, async (vault) => {
      const key = await vault.call("revokeKey", { id, body: { force: force === true } });
      show(cli, command, key, () => fields({ key_id: key.key_id, name: key.name, revoked: key.revoked_at }));
    });
  });
}
