import { existsSync } from "node:fs";
import type { Command } from "commander";
import type { Config } from "../config.ts";
import { openKeyFile } from "../crypto/file-key-provider.ts";
import type { KeyProvider } from "../crypto/key-provider.ts";
import type { Progress } from "../moving/export-vault.ts";
import { MovingProblem } from "../moving/moving-problem.ts";
import type { Cli } from "./cli.ts";
import { usageError } from "./cli-error.ts";
import { readHidden, readSecretFile } from "./secret-input.ts";

/** What `export` and `import` have in common: they work on the storage itself, with its master key. */
export interface PassphraseOptions {
  readonly passphraseStdin?: true;
  readonly passphraseFile?: string;
}

const SHORTEST_PASSPHRASE = 12;

export function addPassphraseOptions(command: Command): Command {
  return command
    .option("--passphrase-stdin", "seal with a passphrase instead of the master key; read from stdin, or asked for")
    .option("--passphrase-file <file>", "the same, with the passphrase in a file");
}

/** Null: none was asked for. */
export async function readPassphrase(
  cli: Cli,
  { passphraseStdin, passphraseFile }: PassphraseOptions,
): Promise<string | null> {
  if (passphraseStdin && passphraseFile !== undefined)
    throw usageError("--passphrase-stdin and --passphrase-file exclude each other");
  if (!passphraseStdin && passphraseFile === undefined) return null;
  const text = passphraseFile === undefined ? await readHidden(cli, "Passphrase: ") : readSecretFile(passphraseFile);
  const passphrase = text.replace(/\r?\n$/, "");
  if (passphrase.length < SHORTEST_PASSPHRASE)
    throw usageError(
      `the passphrase is shorter than ${SHORTEST_PASSPHRASE} characters`,
      "Take some random words, or what a password manager makes.",
    );
  return passphrase;
}

export function openMasterKey({ clock, random, newId }: Cli, { masterKeyPath: path }: Config): KeyProvider {
  if (existsSync(path)) return openKeyFile({ path, clock, random, newId });
  throw new MovingProblem(
    "master_key_missing",
    `there is no master key at ${path}`,
    "Put the master key of the vault that was exported there first (mode 600), or name it with ALTER_VAULT_MASTER_KEY_FILE. It is never part of an export.",
  );
}

const TELL_EVERY_MS = 200;
const STEPS: Readonly<Record<Progress["step"], string>> = {
  rows: "rows",
  index: "rows left for the search index",
  audit: "rows of the audit log verified",
  sealed: "sealed values opened",
};

/** A line on stderr that is written over, where somebody watches. */
export function showProgress({ stderr, clock }: Cli): { tell(progress: Progress): void; end(): void } {
  let told = -Infinity;
  let shown = false;
  return {
    tell({ step, table, done, total }) {
      if (stderr.isTTY !== true || clock.monotonic() - told < TELL_EVERY_MS) return;
      told = clock.monotonic();
      shown = true;
      const of = total === undefined ? "" : ` of ${total.toLocaleString("en")}`;
      stderr.write(
        `\r\u001b[K${table === undefined ? "" : `${table}: `}${done.toLocaleString("en")}${of} ${STEPS[step]}`,
      );
    },
    end() {
      if (shown) stderr.write("\r\u001b[K");
    },
  };
}
