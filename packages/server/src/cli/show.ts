import type { Command } from "commander";
import type { Cli } from "./cli.ts";
import { globalOptions } from "./describe-command.ts";

/** Prints an answer: with --json as it is, on one line; otherwise as text for people. */
export function show(cli: Cli, command: Command, answer: unknown, text: () => string): void {
  cli.stdout.write(globalOptions(command).json ? `${JSON.stringify(answer)}\n` : text());
}

/** The way to the next page of a list. */
export function more({
  has_more,
  next_cursor,
}: {
  readonly has_more: boolean;
  readonly next_cursor: string | null;
}): string {
  return has_more && next_cursor !== null ? `\nThere is more: add --cursor ${next_cursor}\n` : "";
}
