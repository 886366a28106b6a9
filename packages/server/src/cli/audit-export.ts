import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { AuditEntry } from "@alter-vault/protocol";
import { Option, type Command } from "commander";
import { linesOf } from "../lines-of.ts";
import { CSV_HEADER, csvRow } from "./audit-csv.ts";
import { addFilterOptions, auditQuery, type FilterOptions } from "./audit.ts";
import type { Cli } from "./cli.ts";
import { CONNECTION_ENVIRONMENT, describeCommand, globalOptions } from "./describe-command.ts";
import { withVault } from "./open-vault.ts";

interface ExportOptions extends FilterOptions {
  readonly out?: string;
  readonly format: "jsonl" | "csv";
}

/** `alter-vault audit export`: streams, so that a log of any length fits. */
export function addAuditExport(audit: Command, cli: Cli): void {
  const command = addFilterOptions(audit.command("export"), cli)
    .option("--out <file>", "write to this file instead of stdout; it appears only when it is whole")
    .addOption(new Option("--format <format>", "how entries are written").choices(["jsonl", "csv"]).default("jsonl"));
  describeCommand(command, {
    summary: "Export audit entries, oldest first",
    notes: "In CSV, a text that a spreadsheet would run as a formula gets an apostrophe in front.",
    examples: [
      "alter-vault audit export --out audit.jsonl",
      "alter-vault audit export --format csv --since 2026-01-01 > january.csv",
    ],
    environment: CONNECTION_ENVIRONMENT,
  }).action((options: ExportOptions, self: Command) =>
    withVault(cli, self, async (vault) => {
      const source = await vault.exportAudit(auditQuery(options));
      const progress = progressOn(cli, options.out !== undefined);
      const entries =
        options.out === undefined
          ? await toStdout(cli, source, options, progress)
          : await toFile(cli, source, options.out, options, progress);
      progress.end();
      if (options.out === undefined) return;
      const file = resolve(options.out);
      if (globalOptions(self).json) cli.stdout.write(`${JSON.stringify({ file, format: options.format, entries })}\n`);
      else cli.stderr.write(`${entries} entries written to ${file}\n`);
    }),
  );
}

interface Progress {
  count(entries: number): void;
  end(): void;
}

function toStdout(cli: Cli, source: Readable, { format }: ExportOptions, progress: Progress): Promise<number> {
  return write(source, format, cli.stdout, progress, { end: false });
}

/** Writes beside the file and renames: whoever reads it sees a whole export or the one before. */
async function toFile(
  cli: Cli,
  source: Readable,
  path: string,
  { format }: ExportOptions,
  progress: Progress,
): Promise<number> {
  const temporary = join(dirname(resolve(path)), `.${cli.random(6).toString("hex")}.part`);
  try {
    const entries = await write(
      source,
      format,
      createWriteStream(temporary, { mode: 0o600, flags: "wx", flush: true }),
      progress,
      { end: true },
    );
    await rename(temporary, path);
    return entries;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function write(
  source: Readable,
  format: ExportOptions["format"],
  target: Writable,
  progress: Progress,
  { end }: { end: boolean },
): Promise<number> {
  let entries = 0;
  await pipeline(
    source,
    async function* (input: AsyncIterable<Buffer>) {
      if (format === "csv") yield CSV_HEADER;
      for await (const line of linesOf(input)) {
        entries++;
        progress.count(entries);
        yield format === "csv" ? csvRow(JSON.parse(line) as AuditEntry) : `${line}\n`;
      }
    },
    target,
    { end },
  );
  return entries;
}

const TELL_EVERY = 1_000;

/** A counter on stderr, where somebody watches and the entries themselves go elsewhere. */
function progressOn({ stderr, stdout }: Cli, toAFile: boolean): Progress {
  const on = stderr.isTTY === true && (toAFile || stdout.isTTY !== true);
  let shown = false;
  return {
    count(entries) {
      if (!on || entries % TELL_EVERY !== 0) return;
      shown = true;
      stderr.write(`\r${entries} entries`);
    },
    end() {
      if (shown) stderr.write("\r\u001b[K");
    },
  };
}
