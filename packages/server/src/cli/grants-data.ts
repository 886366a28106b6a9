import type { GrantData } from "@alter-vault/protocol";
import type { Command } from "commander";
import type { Cli } from "./cli.ts";
import { usageError } from "./cli-error.ts";
import { CONNECTION_ENVIRONMENT, describeCommand } from "./describe-command.ts";
import { withVault } from "./open-vault.ts";
import { printable } from "./printable.ts";
import { parseJsonObject, readJsonFile } from "./read-text-file.ts";
import { show } from "./show.ts";

/** `alter-vault grants data`: what the app keeps with a grant. */
export function addGrantData(grants: Command, cli: Cli): void {
  const data = describeCommand(grants.command("data"), {
    summary: "Read and replace the data that is kept with a grant",
    examples: [
      "alter-vault grants data get 01890000-0000-7000-8000-000000000001",
      "alter-vault grants data set 01890000-0000-7000-8000-000000000001 --file settings.json",
    ],
  });
  describeCommand(data.command("get").argument("<grant-id>"), {
    summary: "Print the data of a grant, as JSON",
    examples: ["alter-vault grants data get 01890000-0000-7000-8000-000000000001"],
    environment: CONNECTION_ENVIRONMENT,
  }).action((id: string, _options: object, command: Command) =>
    withVault(cli, command, async (vault) => {
      const answer = await vault.call("getGrantData", { id });
      show(cli, command, answer, () => jsonText(answer.data));
    }),
  );
  const set = data
    .command("set")
    .argument("<grant-id>")
    .argument("[json]", "the data, as a JSON object")
    .option("--file <file>", "read it from a file");
  describeCommand(set, {
    summary: "Replace the data of a grant as a whole",
    notes:
      "It must fit the schema of the provider's configuration, if there is one. It is not sealed: no place for secrets.",
    examples: [
      `alter-vault grants data set 01890000-0000-7000-8000-000000000001 '{"plan":"pro"}'`,
      "alter-vault grants data set 01890000-0000-7000-8000-000000000001 --file settings.json",
    ],
    environment: CONNECTION_ENVIRONMENT,
  }).action((id: string, json: string | undefined, { file }: { file?: string }, command: Command) => {
    if ((json === undefined) === (file === undefined)) throw usageError("pass the data as JSON, or --file FILE");
    const given = file === undefined ? parseJsonObject(json ?? "", "the data") : readJsonFile(file);
    return withVault(cli, command, async (vault) => {
      const answer = await vault.call("putGrantData", { id, body: { data: given as GrantData } });
      show(cli, command, answer, () => jsonText(answer.data));
    });
  });
}

function jsonText(data: unknown): string {
  return `${printable(JSON.stringify(data, null, 2), { keepLines: true })}\n`;
}
