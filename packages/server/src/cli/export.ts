import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { exportVault, type Exported } from "../moving/export-vault.ts";
import { MovingProblem } from "../moving/moving-problem.ts";
import { openSnapshot } from "../store/open-moving.ts";
import type { Cli } from "./cli.ts";
import { CliError } from "./cli-error.ts";
import { describeCommand } from "./describe-command.ts";
import { EXIT } from "./exit-code.ts";
import {
  addPassphraseOptions,
  MOVING_ENVIRONMENT,
  movingConfig,
  withMovingParts,
  type PassphraseOptions,
} from "./moving-options.ts";
import { show } from "./show.ts";
import { table } from "./table.ts";

interface ExportOptions extends PassphraseOptions {
  readonly force?: true;
}

/** `alter-vault export`: all of a vault in one sealed file, to move it or to keep it. */
export function addExport(program: Command, cli: Cli): void {
  const command = addPassphraseOptions(
    program.command("export").alias("backup").argument("<file>", "where to write it"),
  ).option("--force", "write over a file that is there");
  describeCommand(command, {
    summary: "Write everything the vault keeps into one sealed file: a backup, or to move house",
    notes:
      "The vault may go on serving: the file holds one moment of it. It is sealed with the master key, which is not in it:\n" +
      "back up master.key apart, because without it nothing can be opened, and whoever has both has everything.\n" +
      "For moving, stop the vault first: what it is asked afterwards is not in the file.",
    examples: [
      "alter-vault export /backup/vault-2026-01-31.export",
      "alter-vault export vault.export --database postgres://vault@db.example.com/vault",
      "alter-vault export vault.export --passphrase-file passphrase.txt",
    ],
    environment: MOVING_ENVIRONMENT,
  }).action(async (file: string, options: ExportOptions, self: Command) => {
    const config = movingConfig(cli, self);
    if (config.databaseUrl === null && !existsSync(config.databasePath)) throw nothingThere(config.dataDir);
    if (existsSync(file) && !options.force) throw fileExists(file);
    const exported = await withMovingParts(cli, config, options, async (parts) => {
      const snapshot = await openSnapshot(config);
      try {
        return await exportVault(file, { ...parts, snapshot });
      } finally {
        await snapshot.close();
      }
    });
    show(cli, self, { file: resolve(file), ...exported }, () => exportedText(file, exported));
  });
}

function exportedText(file: string, { counts, sealedBy }: Exported): string {
  const rows = Object.entries(counts).filter(([, count]) => count > 0);
  const by =
    sealedBy.kind === "master_key"
      ? `It is sealed with master key ${sealedBy.master_key_id}. That key is not in it: keep a copy of it, apart from this file.`
      : "It is sealed with the passphrase. The master key is needed as well to use it, and is not in it: keep a copy of both.";
  return `${table(["records", "exported"], rows)}
Everything is in ${resolve(file)}.
${by}
`;
}

function fileExists(file: string): CliError {
  return new CliError(EXIT.conflict, {
    code: "file_exists",
    title: "The file is there already",
    detail: `${file} exists, and may be the last good backup`,
    fix: "Choose another name, or pass --force to write over it.",
  });
}

function nothingThere(dataDir: string): MovingProblem {
  return new MovingProblem(
    "nothing_to_export",
    `${dataDir} holds no vault`,
    "Name the place of a vault with --data DIR or --database URL.",
  );
}
