import { SCOPES, type ApiKey, type Scope } from "@alter-vault/protocol";
import type { Command } from "commander";
import type { Cli } from "./cli.ts";
import { CONNECTION_ENVIRONMENT, describeCommand, globalOptions } from "./describe-command.ts";
import { withVault } from "./open-vault.ts";
import { repeatedChoice, seconds } from "./options.ts";
import { cancelled, confirm, isInteractive } from "./read-line.ts";
import { show } from "./show.ts";
import { fields, table } from "./table.ts";

interface CreateOptions {
  readonly name: string;
  readonly scope?: readonly Scope[];
  readonly ttl?: number;
}

/** `alter-vault api-keys`: the keys that programs sign with. */
export function addApiKeys(program: Command, cli: Cli): void {
  const keys = describeCommand(program.command("api-keys"), {
    summary: "List, create and revoke API keys, which programs sign their calls with",
    examples: ["alter-vault api-keys list", "alter-vault api-keys create --name my-agent"],
  });
  addList(keys, cli);
  addCreate(keys, cli);
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
      const rows = answer.keys.map((key) => [
        key.key_id,
        key.name,
        stateOf(key, cli.clock.now()),
        key.scopes,
        key.created_at,
        key.expires_at,
      ]);
      show(cli, command, answer, () => table(["KEY ID", "NAME", "STATE", "SCOPES", "CREATED", "EXPIRES"], rows));
    }),
  );
}

function addCreate(keys: Command, cli: Cli): void {
  const create = keys
    .command("create")
    .requiredOption("--name <name>", "what the key is for")
    .option("--scope <scope>", `what it may do; may come more than once: ${SCOPES.join(", ")}`, repeatedChoice(SCOPES))
    .option("--ttl <time>", "how long it lives: 30d, 12h, 5m, or seconds (default: until it is revoked)", seconds);
  describeCommand(create, {
    summary: "Create an API key; it is shown once",
    notes:
      "Without --scope the key may call providers and handle grants: proxy:execute, tokens:retrieve, grants:read, grants:write.",
    examples: [
      "alter-vault api-keys create --name my-agent",
      "alter-vault api-keys create --name auditor --scope audit:read --ttl 30d",
    ],
    environment: CONNECTION_ENVIRONMENT,
  }).action(({ name, scope, ttl }: CreateOptions, command: Command) =>
    withVault(cli, command, async (vault) => {
      const key = await vault.call("createKey", {
        body: {
          name,
          ...(scope === undefined ? {} : { scopes: [...scope] }),
          ...(ttl === undefined ? {} : { expires_in_seconds: ttl }),
        },
      });
      show(cli, command, key, () =>
        fields({
          api_key: key.api_key,
          key_id: key.key_id,
          name: key.name,
          scopes: key.scopes,
          expires: key.expires_at,
        }),
      );
      if (!globalOptions(command).json)
        cli.stderr.write("Keep the key now: it is shown this once, and the vault does not know it.\n");
    }),
  );
}

function addRevoke(keys: Command, cli: Cli): void {
  describeCommand(
    keys
      .command("revoke")
      .argument("<key-id>", "the id: the part between alter_key_ and the next underscore")
      .option("--yes", "do not ask"),
    {
      summary: "Revoke an API key; the next call with it is refused",
      examples: ["alter-vault api-keys revoke 0123456789abcdef --yes"],
      environment: CONNECTION_ENVIRONMENT,
    },
  ).action(async (id: string, { yes }: { yes?: true }, command: Command) => {
    if (!yes && isInteractive(cli) && !(await confirm(cli, `Revoke API key ${id}?`))) throw cancelled();
    await withVault(cli, command, async (vault) => {
      const key = await vault.call("revokeKey", { id });
      show(cli, command, key, () => fields({ key_id: key.key_id, name: key.name, revoked: key.revoked_at }));
    });
  });
}

function stateOf({ revoked_at, expires_at }: ApiKey, nowMs: number): string {
  if (revoked_at !== null) return "revoked";
  return expires_at !== null && Date.parse(expires_at) <= nowMs ? "expired" : "active";
}
