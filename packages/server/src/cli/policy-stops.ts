import type { Stop } from "@alter-vault/protocol";
import { Argument, type Command } from "commander";
import type { Cli } from "./cli.ts";
import { CONNECTION_ENVIRONMENT, describeCommand } from "./describe-command.ts";
import { withVault } from "./open-vault.ts";
import { show } from "./show.ts";
import { table } from "./table.ts";

const KINDS = ["agent", "user", "run", "thread", "provider"] as const satisfies readonly Stop["kind"][];
const kind = (): Argument => new Argument("<kind>", "what it is").choices(KINDS);

/** `alter-vault policy stop`, `resume` and `stops`: kill switches. */
export function addPolicyStops(policy: Command, cli: Cli): void {
  const stop = policy
    .command("stop")
    .addArgument(kind())
    .argument("<value>", "an agent's or user's id, an agent's name, a run, a thread, a provider")
    .option("--reason <text>", "what whoever is refused reads");
  describeCommand(stop, {
    summary: "Stop an agent, user, run, thread or provider: nothing goes through for it any more",
    examples: ["alter-vault policy stop agent mail-bot --reason 'sends to strangers'"],
    environment: CONNECTION_ENVIRONMENT,
  }).action((given: Stop["kind"], value: string, options: { reason?: string }, command: Command) =>
    withVault(cli, command, async (vault) => {
      const answer = await vault.call("putStop", { body: { kind: given, value, ...options } });
      show(cli, command, answer, () => `Stopped: ${answer.kind} ${answer.value}\n`);
    }),
  );

  describeCommand(policy.command("resume").addArgument(kind()).argument("<value>", "as it was stopped"), {
    summary: "Let it go on",
    examples: ["alter-vault policy resume agent mail-bot"],
    environment: CONNECTION_ENVIRONMENT,
  }).action((given: Stop["kind"], value: string, _options: object, command: Command) =>
    withVault(cli, command, async (vault) => {
      const answer = await vault.call("liftStop", { body: { kind: given, value } });
      show(cli, command, answer, () => (answer.lifted ? "It goes on.\n" : "It was not stopped.\n"));
    }),
  );

  describeCommand(policy.command("stops"), {
    summary: "List what is stopped",
    examples: ["alter-vault policy stops"],
    environment: CONNECTION_ENVIRONMENT,
  }).action((_options: object, command: Command) =>
    withVault(cli, command, async (vault) => {
      const answer = await vault.call("listStops");
      const rows = answer.stops.map((one) => [one.kind, one.value, one.created_at, one.created_by, one.reason]);
      show(cli, command, answer, () => table(["KIND", "VALUE", "SINCE", "BY", "REASON"], rows));
    }),
  );
}
