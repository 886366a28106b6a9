import { CommanderError } from "commander";
import { ConfigError, loadCommandLineSettings } from "../config.ts";
import { MasterKeyMissing } from "../crypto/key-provider.ts";
import { DataDirBusy } from "../local-vault.ts";
import { MovingProblem, type MovingCode } from "../moving/moving-problem.ts";
import { StorageInOlderUse, StorageTooNew, StorageUnavailable } from "../store/store.ts";
import { WorkerDidNotStart } from "../workers/supervise-workers.ts";
import type { Cli } from "./cli.ts";
import { CliError, usageError } from "./cli-error.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { printable } from "./printable.ts";
import { painter } from "./paint.ts";

/** Says what went wrong, where the caller looks for it, and answers the exit code. */
export function reportError(cli: Cli, error: unknown, json: boolean): ExitCode {
  // Commander has printed its message, or the help, by itself.
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT.ok;
    const detail = error.code === "commander.help" ? "a subcommand is missing" : error.message.replace(/^error: /, "");
    if (json) printJson(cli, usageError(detail));
    return EXIT.usage;
  }
  // It has said why, in its own words.
  if (error instanceof WorkerDidNotStart) return error.exitCode === EXIT.ok ? EXIT.error : (error.exitCode as ExitCode);
  const { debug } = loadCommandLineSettings(cli.environment);
  const failure = toCliError(error);
  if (json) printJson(cli, failure);
  else printText(cli, failure);
  if (debug && error instanceof Error && !(error instanceof CliError)) cli.stderr.write(`${error.stack ?? ""}\n`);
  return failure.exitCode;
}

function printJson(cli: Cli, { report }: CliError): void {
  cli.stdout.write(`${JSON.stringify(report)}\n`);
}

function printText(cli: Cli, { report }: CliError): void {
  const paint = painter(cli.stderr, cli.environment);
  const lines = [
    `${paint.red("error:")} ${printable(report.title)}: ${printable(report.detail, { keepLines: true })}`,
    `fix:   ${printable(report.fix)}`,
    `code:  ${printable(report.code)}`,
  ];
  cli.stderr.write(`${lines.join("\n")}\n`);
}

const LOG_HINT = "Set ALTER_VAULT_LOG_LEVEL=debug to see where it comes from, and run `alter-vault doctor`.";

function toCliError(error: unknown): CliError {
  if (error instanceof CliError) return error;
  if (error instanceof ConfigError) {
    return new CliError(EXIT.usage, {
      code: "config_invalid",
      title: "The settings are not usable",
      detail:
        error.problems.length === 1
          ? (error.problems[0] ?? "")
          : error.problems.map((line) => `\n  - ${line}`).join(""),
      fix: "Correct the environment variables or options named above.",
    });
  }
  if (error instanceof DataDirBusy) {
    return new CliError(EXIT.conflict, {
      code: "data_dir_busy",
      title: "The data directory is in use",
      detail: error.message,
      fix: "Stop the vault that runs there, or pass another directory with --data.",
    });
  }
  if (error instanceof MasterKeyMissing) {
    return failed(
      "master_key_missing",
      "The master key is missing",
      error.message,
      "Without the master key nothing can be opened: restore it.",
    );
  }
  if (error instanceof MovingProblem) {
    const { code, message, fix } = error;
    return new CliError(code === "target_not_empty" ? EXIT.conflict : EXIT.error, {
      code,
      title: MOVING_TITLES[code],
      detail: message,
      fix,
    });
  }
  if (error instanceof StorageUnavailable) {
    return failed(
      "storage_unavailable",
      "The storage does not answer as it should",
      error.message,
      "Check that the database runs, its address and its user; for the embedded one, the disk. `alter-vault doctor` looks at all of it.",
    );
  }
  if (error instanceof StorageTooNew) {
    return failed(
      "storage_too_new",
      "The storage is of a newer version",
      error.message,
      "Run the newer version of the program, or restore a backup that was made before it.",
    );
  }
  if (error instanceof StorageInOlderUse) {
    return failed(
      "storage_in_older_use",
      "Replicas of a version that is too old still run",
      error.message,
      "Upgrade them to the version between first, one by one; or stop all of them, wait half a minute, and start this one.",
    );
  }
  const code = errorCode(error);
  if (code === "ENOSPC" || code === "EFBIG" || code === "EDQUOT") {
    return failed("disk_full", "The disk is full", messageOf(error), "Make room, or write to another disk.");
  }
  if (code === "EADDRINUSE") {
    return failed(
      "port_in_use",
      "The port is taken",
      messageOf(error),
      "Choose another with --port, or --port 0 for any that is free.",
    );
  }
  if (code === "EACCES" || code === "EPERM") {
    return failed(
      "no_permission",
      "The system does not allow it",
      messageOf(error),
      "Run it as the user who owns the data directory.",
    );
  }
  return failed("failed", "It did not work", messageOf(error), LOG_HINT);
}

const MOVING_TITLES: Readonly<Record<MovingCode, string>> = {
  not_an_export: "This is no export of a vault",
  export_newer: "The program is too old for it",
  export_damaged: "The export is damaged",
  export_truncated: "The export is not whole",
  export_wrong_key: "The master key is another one",
  export_wrong_passphrase: "The passphrase is wrong",
  passphrase_needed: "A passphrase is needed",
  passphrase_unneeded: "There is no passphrase",
  nothing_to_export: "There is no vault here",
  schema_outdated: "The database cannot be exported as it is",
  target_not_empty: "There is something there already",
  target_schema_newer: "The database is in the way",
  master_key_missing: "The master key is missing",
  import_not_verified: "The import could not be verified",
};

function failed(code: string, title: string, detail: string, fix: string): CliError {
  return new CliError(EXIT.error, { code, title, detail, fix });
}

function errorCode(error: unknown): string | null {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
