import { existsSync } from "node:fs";
import type { Command } from "commander";
import type { Config } from "../config.ts";
import { openKeyFile } from "../crypto/file-key-provider.ts";
import type { KeyProvider } from "../crypto/key-provider.ts";
import type { Progress } from "../moving/export-vault.ts";
import { MovingProblem } from "../moving/moving-problem.ts";
import type { Cli } from "./cli.ts";
import { usageError } from "./cli-error.ts";
import { globalOptions } from "./describe-command.ts";
import { localConfig } from "./open-vault.ts";
import { readHidden, readSecretFile } from "./secret-input.ts";

/** What `export` and `import` have in common: they work on the storage itself, with its master key. */
export interface PassphraseOptions {
  readonly passphraseStdin?: true;
  readonly passphraseFile?: string;
}

const SHORTEST_PASSPHRASE = 12;

export function addPassphraseOptions(command: Command): Command {
  return command
    .option(
      "--passphrase-stdin",
      "the file is sealed with a passphrase, not the master key; read from stdin, or asked for",
    )
    .option("--passphrase-file <file>", "the same, with the passphrase in a file");
}

/** Null: none was asked for. */
async function readPassphrase(
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

/** Where the vault is, or will be. Neither command works over the network: what is moved is the storage itself. */
export function movingConfig(cli: Cli, command: Command): Config {
  const globals = globalOptions(command);
  if (globals.url !== undefined)
    throw usageError(
      "this is done where the database is, not over --url",
      "Name it with --data DIR or --database URL.",
    );
  return localConfig(cli, globals);
}

export interface MovingParts extends Pick<Cli, "clock" | "random" | "newId"> {
  readonly provider: KeyProvider;
  readonly passphrase: string | null;
  readonly onProgress: (progress: Progress) => void;
}

/** Opens the master key, asks for the passphrase, and shows how far the work is. */
export async function withMovingParts<T>(
  cli: Cli,
  config: Config,
  options: PassphraseOptions,
  work: (parts: MovingParts) => Promise<T>,
): Promise<T> {
  const { clock, random, newId } = cli;
  const provider = openMasterKey(cli, config);
  const passphrase = await readPassphrase(cli, options);
  const progress = showProgress(cli);
  try {
    return await work({ clock, random, newId, provider, passphrase, onProgress: (step) => progress.tell(step) });
  } finally {
    progress.end();
  }
}

export const MOVING_ENVIRONMENT: Readonly<Record<string, string>> = {
  ALTER_VAULT_DATA: "the data directory (default: .alter-vault)",
  ALTER_VAULT_DATABASE_URL: "a PostgreSQL database instead of the one in the data directory",
  ALTER_VAULT_MASTER_KEY_FILE: "the master key (default: master.key in the data directory)",
};

function openMasterKey({ clock, random, newId }: Cli, { masterKeyPath: path }: Config): KeyProvider {
  if (existsSync(path)) return openKeyFile({ path, clock, random, newId });
  throw new MovingProblem(
    "master_key_missing",
    `there is no master key at ${path}`,
    "Put the master key of the vault there first (mode 600), or name it with ALTER_VAULT_MASTER_KEY_FILE. It is never part of an export.",
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
function showProgress({ stderr, clock }: Cli): { tell(progress: Progress): void; end(): void } {
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
