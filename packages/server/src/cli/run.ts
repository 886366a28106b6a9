import type { Cli } from "./cli.ts";
import { createProgram } from "./program.ts";
import { reportError } from "./report-error.ts";

/** Runs one command to its end. Errors are reported here, and become the exit code; nothing is thrown. */
export async function runCli(cli: Cli): Promise<void> {
  try {
    await createProgram(cli).parseAsync(cli.argv, { from: "user" });
  } catch (error) {
    // Asked of the arguments themselves: a usage error comes before they are parsed.
    cli.setExitCode(reportError(cli, error, cli.argv.includes("--json")));
  }
}
