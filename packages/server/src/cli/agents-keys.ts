import type { Command } from "commander";
import { createdKeyText, keyTable } from "./api-key-text.ts";
import type { Cli } from "./cli.ts";
import { CONNECTION_ENVIRONMENT, describeCommand } from "./describe-command.ts";
import { keyConstraints, withKeyOptions, type KeyOptions } from "./key-options.ts";
import { withVault } from "./open-vault.ts";
import { show } from "./show.ts";

/** `alter-vault agents keys`. Replacing, deprecating and revoking them is `alter-vault api-keys`, as for all keys. */
export function addAgentKeys(agents: Command, cli: Cli): void {
  const keys = describeCommand(agents.command("keys"), {
    summary: "List the API keys of an agent, and make another",
    notes: "To replace, deprecate or revoke one, use `alter-vault api-keys`.",
    examples: ["alter-vault agents keys list 01890000-0000-7000-8000-000000000001"],
  });
  describeCommand(keys.command("list").argument("<agent-id>"), {
    summary: "List the API keys of an agent, without their secrets",
    examples: ["alter-vault agents keys list 01890000-0000-7000-8000-000000000001"],
    environment: CONNECTION_ENVIRONMENT,
  }).action((id: string, _options: object, command: Command) =>
    withVault(cli, command, async (vault) => {
      const answer = await vault.call("listAgentKeys", { id });
      show(cli, command, answer, () => keyTable(answer.keys));
    }),
  );
  const create = withKeyOptions(keys.command("create").argument("<agent-id>")).option(
    "--name <name>",
    "what it is for",
  );
  describeCommand(create, {
    summary: "Make another API key for an agent; it is shown once",
    examples: ["alter-vault agents keys create 01890000-0000-7000-8000-000000000001 --name laptop --ttl 7d"],
    environment: CONNECTION_ENVIRONMENT,
  }).action((id: string, { name, ...options }: KeyOptions & { name?: string }, command: Command) =>
    withVault(cli, command, async (vault) => {
      const body = { ...(name === undefined ? {} : { name }), ...keyConstraints(options) };
      createdKeyText(cli, command, await vault.call("createAgentKey", { id, body }));
    }),
  );
}
