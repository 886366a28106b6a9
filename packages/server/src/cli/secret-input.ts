import type { Cli } from "./cli.ts";
import { CliError, usageError } from "./cli-error.ts";
import { EXIT } from "./exit-code.ts";
import { isInteractive, readLine } from "./read-line.ts";
import { readBytes } from "./read-text-file.ts";

/** Where a secret value comes from. Never from argv, which others on the machine can see. */
export interface ValueSource {
  readonly valueStdin?: true;
  readonly valueFile?: string;
}

const MAX_BYTES = 64 * 1024;

/** The raw text of a value: from stdin, from a file, or asked for at the terminal without showing it. */
export async function readSecretInput(
  cli: Cli,
  { valueStdin, valueFile }: ValueSource,
  format: string,
): Promise<string> {
  if (valueStdin && valueFile !== undefined) throw usageError("--value-stdin and --value-file exclude each other");
  if (valueFile !== undefined) return readSecretFile(valueFile);
  if (!isInteractive(cli) && !valueStdin)
    throw usageError("the value is missing", "Pass it with --value-stdin or --value-file FILE.");
  return readHidden(cli, `Value (${format}): `);
}

/** A secret from stdin; at a terminal, asked for without showing it. */
export async function readHidden(cli: Cli, question: string): Promise<string> {
  return isInteractive(cli) ? readLine(cli, question, { hidden: true }) : decode(await readAll(cli));
}

/** A secret from a file. */
export function readSecretFile(path: string): string {
  return decode(readBytes(path));
}

async function readAll({ stdin }: Cli): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BYTES) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

function decode(bytes: Buffer): string {
  if (bytes.length > MAX_BYTES) throw invalid(`the value is longer than ${MAX_BYTES} bytes`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw invalid("the value is not text in UTF-8");
  }
}

function invalid(detail: string): CliError {
  return new CliError(EXIT.usage, {
    code: "usage",
    title: "The value cannot be used",
    detail,
    fix: "See --help for how values are written.",
  });
}
