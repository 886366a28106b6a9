import type { Agent } from "@alter-vault/protocol";
import { Option, type Command } from "commander";
import type { Cli } from "./cli.ts";
import { addAgentKeys } from "./agents-keys.ts";
import { usageError } from "./cli-error.ts";
import { CONNECTION_ENVIRONMENT, describeCommand, globalOptions } from "./describe-command.ts";
import { keyConstraints, withKeyOptions, type KeyOptions } from "./key-options.ts";
import { withVault } from "./open-vault.ts";
import { requireYes } from "./read-line.ts";
import { readJsonFile } from "./read-text-file.ts";
import { show } from "./show.ts";
import { fields, table } from "./table.ts";

/** `alter-vault agents`: workloads with an identity, keys and an audit trail of their own. */
export function addAgents(program: Command, cli: Cli): void {
  const agents = describeCommand(program.command("agents"), {
    summary: "Register agents, which reach only what was issued to them or what users let them use",
    examples: [
      "alter-vault agents create --name scheduler",
      "alter-vault agents pause 01890000-0000-7000-8000-000000000001",
    ],
  });
  addCreate(agents, cli);
  addList(agents, cli);
  addShow(agents, cli);
  addUpdate(agents, cli);
  addChange(agents, cli, "pause", "pauseAgent", "Refuse the calls of an agent, until it is resumed");
  addChange(agents, cli, "resume", "resumeAgent", "Let a paused agent call again");
  addRevoke(agents, cli);
  addAgentKeys(agents, cli);
}

interface Details {
  readonly displayName?: string;
  readonly allow?: Readonly<Record<string, string[]>>;
  readonly metadataFile?: string;
}

/** `google` allows the provider, `google=calendar.readonly` one of its scopes. */
function providerScope(text: string, previous: Readonly<Record<string, string[]>> = {}): Record<string, string[]> {
  const at = text.indexOf("=");
  const provider = at === -1 ? text : text.slice(0, at);
  const scopes = previous[provider] ?? [];
  return { ...previous, [provider]: at === -1 ? scopes : [...scopes, text.slice(at + 1)] };
}

function withDetails(command: Command): Command {
  return command
    .option("--display-name <name>", "how it is called where users read it")
    .option(
      "--allow <provider[=scope]>",
      "the most it may be lent: a provider, or one scope of it; may come more than once (default: anything)",
      providerScope,
    )
    .option("--metadata-file <file>", "JSON object to keep with it, up to 8 KB");
}

function detailsOf({ displayName, allow, metadataFile }: Details): {
  display_name?: string;
  scopes?: Record<string, string[]>;
  metadata?: Record<string, unknown>;
} {
  return {
    ...(displayName === undefined ? {} : { display_name: displayName }),
    ...(allow === undefined ? {} : { scopes: { ...allow } }),
    ...(metadataFile === undefined ? {} : { metadata: objectIn(metadataFile) }),
  };
}

function objectIn(path: string): Record<string, unknown> {
  const value: unknown = readJsonFile(path);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw usageError(`${path} holds no JSON object`);
  return value as Record<string, unknown>;
}

type CreateOptions = Details & KeyOptions & { name: string; type?: "agent" | "service"; idempotencyKey?: string };

function addCreate(agents: Command, cli: Cli): void {
  const create = withDetails(agents.command("create").requiredOption("--name <slug>", "its name in the app, for good"))
    .addOption(new Option("--type <type>", "what it is (default: agent)").choices(["agent", "service"]))
    .option("--idempotency-key <key>", "asking again with the same key makes no second agent");
  describeCommand(withKeyOptions(create), {
    summary: "Register an agent, with its first API key; the key is shown once",
    examples: [
      "alter-vault agents create --name scheduler --allow google=https://www.googleapis.com/auth/calendar",
      "alter-vault agents create --name nightly --type service --cidr 10.0.0.0/8 --rate 60 --ttl 30d",
    ],
    environment: CONNECTION_ENVIRONMENT,
  }).action((options: CreateOptions, command: Command) =>
    withVault(cli, command, async (vault) => {
      const { name, type, idempotencyKey } = options;
      const key = keyConstraints(options);
      const made = await vault.call("createAgent", {
        body: {
          name,
          ...(type === undefined ? {} : { type }),
          ...detailsOf(options),
          ...(idempotencyKey === undefined ? {} : { idempotency_key: idempotencyKey }),
          ...(Object.keys(key).length === 0 ? {} : { key }),
        },
      });
      const { api_key, key_id, ...agent } = made;
      show(cli, command, made, () => `${fields({ api_key, key_id })}${agentFields(agent)}`);
      if (api_key !== null && !globalOptions(command).json)
        cli.stderr.write("Keep the key now: it is shown this once, and the vault does not know it.\n");
    }),
  );
}

function addList(agents: Command, cli: Cli): void {
  describeCommand(agents.command("list").option("--all", "with those that were revoked"), {
    summary: "List agents",
    examples: ["alter-vault agents list", "alter-vault agents list --all"],
    environment: CONNECTION_ENVIRONMENT,
  }).action(({ all }: { all?: true }, command: Command) =>
    withVault(cli, command, async (vault) => {
      const answer = await vault.call("listAgents", { query: { include_revoked: all && "true" } });
      const rows = answer.agents.map((agent) => [
        agent.agent_id,
        agent.name,
        agent.display_name,
        agent.type,
        agent.status,
        Object.keys(agent.scopes),
        agent.created_at,
      ]);
      show(cli, command, answer, () =>
        table(["AGENT ID", "NAME", "DISPLAY NAME", "TYPE", "STATUS", "PROVIDERS", "CREATED"], rows),
      );
    }),
  );
}

function addShow(agents: Command, cli: Cli): void {
  describeCommand(agents.command("show").argument("<agent-id>"), {
    summary: "Show one agent",
    examples: ["alter-vault agents show 01890000-0000-7000-8000-000000000001"],
    environment: CONNECTION_ENVIRONMENT,
  }).action((id: string, _options: object, command: Command) =>
    withVault(cli, command, async (vault) => {
      const agent = await vault.call("getAgent", { id });
      show(cli, command, agent, () => agentFields(agent));
    }),
  );
}

function addUpdate(agents: Command, cli: Cli): void {
  describeCommand(withDetails(agents.command("update").argument("<agent-id>")), {
    summary: "Change what an agent is called and the most it may be lent; lists take the place of what was there",
    examples: [
      "alter-vault agents update 01890000-0000-7000-8000-000000000001 --display-name Scheduler --allow google",
    ],
    environment: CONNECTION_ENVIRONMENT,
  }).action((id: string, options: Details, command: Command) => {
    const body = detailsOf(options);
    if (Object.keys(body).length === 0) throw usageError("nothing to change");
    return withVault(cli, command, async (vault) => {
      const agent = await vault.call("updateAgent", { id, body });
      show(cli, command, agent, () => agentFields(agent));
    });
  });
}

function addChange(
  agents: Command,
  cli: Cli,
  name: "pause" | "resume",
  route: "pauseAgent" | "resumeAgent",
  summary: string,
): void {
  describeCommand(agents.command(name).argument("<agent-id>"), {
    summary,
    examples: [`alter-vault agents ${name} 01890000-0000-7000-8000-000000000001`],
    environment: CONNECTION_ENVIRONMENT,
  }).action((id: string, _options: object, command: Command) =>
    withVault(cli, command, async (vault) => {
      const agent = await vault.call(route, { id });
      show(cli, command, agent, () => agentFields(agent));
    }),
  );
}

function addRevoke(agents: Command, cli: Cli): void {
  describeCommand(agents.command("revoke").argument("<agent-id>").option("--yes", "do not ask"), {
    summary: "End an agent for good, with its keys and all that users let it use",
    examples: ["alter-vault agents revoke 01890000-0000-7000-8000-000000000001 --yes"],
    environment: CONNECTION_ENVIRONMENT,
  }).action(async (id: string, { yes }: { yes?: true }, command: Command) => {
    await requireYes(cli, yes, `Revoke agent ${id} for good?`, "revoking cannot be undone");
    await withVault(cli, command, async (vault) => {
      const agent = await vault.call("revokeAgent", { id });
      show(cli, command, agent, () => `Revoked.\n${agentFields(agent)}`);
    });
  });
}

function agentFields({ scopes, metadata, ...agent }: Agent): string {
  const lent = Object.entries(scopes).map(([provider, list]) =>
    list.length === 0 ? provider : `${provider}=${list.join("+")}`,
  );
  const kept = Object.keys(metadata).length === 0 ? null : JSON.stringify(metadata);
  return fields({ ...agent, "may be lent": lent.length === 0 ? "anything" : lent, metadata: kept });
}
