import type { Command } from "commander";
import type { Config } from "../config.ts";
import { initDataDir, isInitialized, operatorKeyPath, renewOperatorKey } from "../local-vault.ts";
import type { Cli } from "./cli.ts";
import { CliError } from "./cli-error.ts";
import { describeCommand, globalOptions } from "./describe-command.ts";
import { EXIT } from "./exit-code.ts";
import { localConfig, quietSurroundings, refuseUnfinishedImport, requireVault } from "./open-vault.ts";
import { show } from "./show.ts";
import { fields } from "./table.ts";

/** `alter-vault init`: makes a data directory, and never changes one that holds a vault. */
export function addInit(program: Command, cli: Cli): void {
  const init = program
    .command("init")
    .option(
      "--new-operator-key",
      "make a new operator's key for the vault that is there, when the old one was lost or revoked",
    );
  describeCommand(init, {
    summary: "Make the data directory of a new vault: database, master key, operator's key",
    examples: ["alter-vault init --data /var/lib/alter-vault", "alter-vault init --new-operator-key"],
    environment: {
      ALTER_VAULT_DATA: "the data directory (default: .alter-vault)",
      ALTER_VAULT_DATABASE_URL: "a PostgreSQL database to make the vault in",
      ALTER_VAULT_MASTER_KEY_FILE: "where the master key goes (default: master.key in the data directory)",
    },
  }).action(async ({ newOperatorKey }: { newOperatorKey?: true }, command: Command) => {
    const config = localConfig(cli, globalOptions(command));
    const apiKey = newOperatorKey ? await renew(cli, config) : await make(cli, config);
    const made = {
      dataDir: config.dataDir,
      masterKeyPath: config.masterKeyPath,
      operatorKeyPath: operatorKeyPath(config.dataDir),
      apiKey,
    };
    show(cli, command, made, () => (newOperatorKey ? renewedText(made) : madeText(made)));
  });
}

async function make(cli: Cli, config: Config): Promise<string> {
  refuseUnfinishedImport(config);
  if (!(await isInitialized(config))) return initDataDir(config, quietSurroundings(cli));
  throw new CliError(EXIT.conflict, {
    code: "already_initialized",
    title: "There is a vault here already",
    detail: `${config.databaseUrl === null ? config.dataDir : "the database"} holds a vault; nothing was changed`,
    fix:
      config.databaseUrl === null
        ? "Use it as it is, or pass another directory with --data."
        : "Use it as it is: a further replica needs no init, only the same master key.",
  });
}

async function renew(cli: Cli, config: Config): Promise<string> {
  await requireVault(config);
  return renewOperatorKey(config, quietSurroundings(cli));
}

interface Made {
  readonly dataDir: string;
  readonly masterKeyPath: string;
  readonly operatorKeyPath: string;
}

function madeText({ dataDir, masterKeyPath, operatorKeyPath: operatorKey }: Made): string {
  return `The vault is made.

${fields({ "data directory": dataDir, "master key": masterKeyPath, "operator's key": operatorKey })}
Back up the master key now, apart from the database: without it nothing that is stored can be opened, and whoever
has both can open everything. The operator's key is an API key that may do everything; guard it likewise.

Next: alter-vault serve --data ${dataDir}
`;
}

function renewedText({ operatorKeyPath: operatorKey }: Made): string {
  return `A new operator's key is in ${operatorKey}. Keys that were made before stay as they are: see \`alter-vault api-keys list\`.\n`;
}
