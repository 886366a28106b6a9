import type { Problem } from "@alter-vault/protocol";
import { EXIT, exitCodeOf, type ExitCode } from "./exit-code.ts";

/** What ends a command: said on stderr with a way out, and with --json as one JSON line on stdout. */
export class CliError extends Error {
  override readonly name: string = "CliError";
  readonly exitCode: ExitCode;
  readonly report: ErrorReport;
  constructor(exitCode: ExitCode, report: ErrorReport) {
    super(`${report.title}: ${report.detail}`);
    this.exitCode = exitCode;
    this.report = report;
  }
}

export interface ErrorReport {
  /** A code of the vault, or one of the command line's own: usage, failed, vault_unreachable, … */
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly fix: string;
}

/** Codes of a vault newer than this program are passed on as they are. */
export type AnsweredProblem = Omit<Problem, "code"> & { readonly code: string };

/** A refusal of the vault. With --json its problem is printed as it came. */
export class VaultRefusal extends CliError {
  override readonly name = "VaultRefusal";
  override readonly report: AnsweredProblem;
  constructor(problem: AnsweredProblem) {
    super(exitCodeOf(problem.status), problem);
    this.report = problem;
  }
}

export function usageError(detail: string, fix = "See --help for the options and examples."): CliError {
  return new CliError(EXIT.usage, { code: "usage", title: "Wrong usage", detail, fix });
}
