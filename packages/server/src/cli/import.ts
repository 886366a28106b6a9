import { existsSync } from "node:fs";
import type { Command } from "commander";
import type { Config } from "../config.ts";
import { operatorKeyPath, readOperatorKey, withLock } from "../local-vault.ts";
import { importVault, type Imported } from "../moving/import-vault.ts";
import { openStoreToFill } from "../store/open-moving.ts";
import type { Cli } from "./cli.ts";
import { usageError } from "./cli-error.ts";
import { describeCommand } from "./describe-command.ts";
import {
  addPassphraseOptions,
  MOVING_ENVIRONMENT,
  movingConfig,
  withMovingParts,
  type PassphraseOptions,
} from "./moving-options.ts";
import { plural } from "./plural.ts";
import { show } from "./show.ts";
import { table } from "./table.ts";

interface ImportOptions extends PassphraseOptions {
  readonly acceptDamage?: true;
}

/** `alter-vault import`: makes a vault out of an export, in an empty place. */
export function addImport(program: Command, cli: Cli): void {
  const command = addPassphraseOptions(
    program.command("import").alias("restore").argument("<file>", "what `alter-vault export` wrote"),
  ).option(
    "--accept-damage",
    "take a log that is not whole, or values that do not open, as they were in the old place",
  );
  describeCommand(command, {
    summary: "Make a vault out of an export, in an empty directory or PostgreSQL database",
    notes:
      "Put the master key of the old vault in its place first. There is all of it afterwards, or nothing: counts, audit log\n" +
      "and every sealed value are verified before. Stop the old vault before the new one starts. Programs need not be told:\n" +
      "keys, grants and sessions are the same. What was signed for the old vault is not taken by the new one.",
    examples: [
      "alter-vault import vault.export --data /var/lib/alter-vault",
      "alter-vault import vault.export --data /var/lib/alter-vault --database postgres://vault@db.example.com/vault",
      "alter-vault restore /backup/vault-2026-01-31.export --data /var/lib/alter-vault",
    ],
    environment: MOVING_ENVIRONMENT,
  }).action(async (file: string, options: ImportOptions, self: Command) => {
    const config = movingConfig(cli, self);
    if (!existsSync(file)) throw usageError(`the file ${file} is not there`);
    const imported = await withMovingParts(cli, config, options, (parts) =>
      withLock(config, () =>
        importVault(file, {
          ...parts,
          openTarget: (steps) => openStoreToFill(config, steps),
          acceptDamage: options.acceptDamage ?? false,
        }),
      ),
    );
    show(cli, self, answerOf(imported), () => importedText(config, imported));
  });
}

function answerOf({ id, madeAt, tables, audit, sealed }: Imported): object {
  return { id, exported_at: new Date(madeAt).toISOString(), records: tables, audit, sealed };
}

function importedText(config: Config, { madeAt, tables, audit, sealed }: Imported): string {
  const rows = tables.filter(({ exported }) => exported > 0).map((row) => [row.table, row.exported, row.imported]);
  const place = config.databaseUrl === null ? config.dataDir : "the database";
  const key =
    readOperatorKey(config.dataDir) === null
      ? `
There is no operator's key in ${operatorKeyPath(config.dataDir)}: copy the old one there, or make one with
\`alter-vault init --new-operator-key --data ${config.dataDir}\`.
`
      : "";
  return `${table(["records", "exported", "imported"], rows)}
audit log      ${audit.ok ? "whole" : "NOT WHOLE"}: ${plural(audit.rows, "row")} in ${plural(audit.chains, "chain")}, ${plural(audit.checkpoints, "checkpoint")}
sealed values  ${sealed.opened} of ${sealed.total} open with the master key

The vault of ${new Date(madeAt).toISOString()} is in ${place}.
${key}
Next: see that the old vault is stopped, then alter-vault serve --data ${config.dataDir}
`;
}
