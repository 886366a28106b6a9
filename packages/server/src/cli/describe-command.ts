import { Option, type Command } from "commander";

/** What the help of a command says beyond its options. Every command has an example: the type asks for one. */
export interface CommandText {
  readonly summary: string;
  readonly examples: readonly [string, ...string[]];
  /** Name -> what it does, for the variables that matter to this command. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly notes?: string;
}

export function describeCommand(
  command: Command,
  { summary, examples, environment = {}, notes }: CommandText,
): Command {
  const sections = [
    ...(notes === undefined ? [] : [notes]),
    ["Examples:", ...examples.map((example) => `  ${example}`)].join("\n"),
  ];
  const names = Object.entries(environment);
  if (names.length > 0) {
    const width = Math.max(...names.map(([name]) => name.length));
    sections.push(["Environment:", ...names.map(([name, what]) => `  ${name.padEnd(width)}  ${what}`)].join("\n"));
  }
  return command
    .summary(summary)
    .description(summary)
    .addHelpText("after", `\n${sections.join("\n\n")}`);
}

/** The variables that say which vault a command talks to. */
export const CONNECTION_ENVIRONMENT: Readonly<Record<string, string>> = {
  ALTER_VAULT_DATA: "the data directory (default: .alter-vault)",
  ALTER_VAULT_DATABASE_URL: "the PostgreSQL database of the vault, when it has one",
  ALTER_VAULT_URL: "the vault to talk to, instead of the one of the data directory",
  ALTER_VAULT_API_KEY: "the API key to sign with (default: operator.key of the data directory)",
};

export interface GlobalOptions {
  readonly json?: true;
  readonly data?: string;
  readonly database?: string;
  readonly url?: string;
  readonly apiKeyFile?: string;
  readonly apiKey?: string;
  readonly app?: string;
}

/** Options that every command understands, before or after its name. */
export function addGlobalOptions(program: Command): Command {
  return program
    .option("--json", "print JSON on stdout, errors too")
    .option("--data <dir>", "data directory of the vault (default: ALTER_VAULT_DATA or .alter-vault)")
    .option(
      "--database <url>",
      "PostgreSQL database of the vault; a password in it may be seen by others, prefer ALTER_VAULT_DATABASE_URL",
    )
    .option("--url <url>", "address of the vault (default: ALTER_VAULT_URL, else the vault of the data directory)")
    .option("--api-key-file <file>", "file that holds the API key to sign with")
    .addOption(
      new Option("--api-key <key>", "the API key itself; others on this machine may see it, prefer --api-key-file"),
    )
    .option("--app <id>", "act for another app; needs a key with the scope apps:write");
}

export function globalOptions(command: Command): GlobalOptions {
  return command.optsWithGlobals<GlobalOptions>();
}
