import { resolve } from "node:path";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Command } from "commander";
import type { Cli } from "./cli.ts";
import { CONNECTION_ENVIRONMENT, describeCommand, globalOptions } from "./describe-command.ts";
import { linesOf } from "../lines-of.ts";
import { withVault } from "./open-vault.ts";
import { writeWhole } from "./write-whole.ts";

/** `alter-vault users export`: all that is kept of one user, as one JSON document, written as it comes. */
export function addUserExport(users: Command, cli: Cli): void {
  const command = users
    .command("export")
    .argument("<user-id>")
    .option("--out <file>", "write to this file instead of stdout; it appears only when it is whole");
  describeCommand(command, {
    summary: "Export all that is kept of a user, with the entries of the log; no credentials",
    notes: "Needs a key with the scope identity:erase. The export is in the audit log.",
    examples: ["alter-vault users export 01890000-0000-7000-8000-000000000001 --out ada.json"],
    environment: CONNECTION_ENVIRONMENT,
  }).action((id: string, { out }: { out?: string }, self: Command) =>
    withVault(cli, self, async (vault) => {
      const source = await vault.stream("exportUser", { id });
      const write = (target: Writable, end: boolean): Promise<void> =>
        pipeline(source, (input: Readable) => oneDocument(linesOf(input)), target, { end });
      if (out === undefined) return write(cli.stdout, false);
      await writeWhole(cli, out, (target) => write(target, true));
      const file = resolve(out);
      if (globalOptions(self).json) cli.stdout.write(`${JSON.stringify({ file })}\n`);
      else cli.stderr.write(`Written to ${file}\n`);
    }),
  );
}

/** Records of one kind come one after the other, but for entries at the end: each kind becomes a list of its own. */
async function* oneDocument(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let open: string | null = null;
  for await (const line of lines) {
    const { kind, record } = JSON.parse(line) as { kind: string; record: unknown };
    const text = JSON.stringify(record, null, 2).replaceAll("\n", "\n    ");
    if (kind === open) yield `,\n    ${text}`;
    else yield `${open === null ? "{" : "\n  ],"}\n  ${JSON.stringify(kind)}: [\n    ${text}`;
    open = kind;
  }
  yield open === null ? "{}\n" : "\n  ]\n}\n";
}
