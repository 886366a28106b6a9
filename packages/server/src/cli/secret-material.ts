import { SecretMaterial } from "@alter-vault/protocol";
import { Option, type Command } from "commander";
import type { Cli } from "./cli.ts";
import { CliError, usageError } from "./cli-error.ts";
import { EXIT } from "./exit-code.ts";
import { parseSecretValue, shortParts, VALUE_FORMATS, type SecretKind } from "./secret-value.ts";

/** The options that say where a value comes from. `--value` exists only to be refused with a reason. */
export function addValueOptions(command: Command): Command {
  return command
    .option("--value-stdin", "read the value from stdin; at a terminal, ask for it without showing it")
    .option("--value-file <file>", "read the value from a file")
    .addOption(new Option("--value <value>").hideHelp());
}

export function refuseValueInArgv({ value }: { readonly value?: string }): void {
  if (value === undefined) return;
  throw usageError(
    "a value is not taken from the command line, where others on this machine can see it",
    "Use --value-stdin or --value-file FILE, and treat the value that was just typed as seen.",
  );
}

/** A checked value. Warns on stderr when it is too short to be scrubbed from answers. Throws a usage error. */
export function parseSecretMaterial(cli: Cli, kind: SecretKind, raw: string): SecretMaterial {
  const parsed = parseSecretValue(kind, raw);
  if (!parsed.ok) throw unusable(parsed.detail);
  const checked = SecretMaterial.safeParse(parsed.value);
  if (!checked.success)
    throw unusable(checked.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; "));
  const short = shortParts(parsed.value);
  if (short.length > 0) {
    cli.stderr.write(
      `warning: ${short.join(", ")} is shorter than 8 characters and cannot be scrubbed from what a provider answers\n`,
    );
  }
  return parsed.value;

  function unusable(detail: string): CliError {
    return new CliError(EXIT.usage, {
      code: "usage",
      title: "The value cannot be used",
      detail,
      fix: `For --kind ${kind} it is written: ${VALUE_FORMATS[kind]}.`,
    });
  }
}
