import type { KeyringState } from "@alter-vault/protocol";
import type { Command } from "commander";
import type { Cli } from "./cli.ts";
import { CONNECTION_ENVIRONMENT, describeCommand } from "./describe-command.ts";
import { withVault } from "./open-vault.ts";
import { moment } from "./options.ts";
import { requireYes } from "./read-line.ts";
import { show } from "./show.ts";
import { fields, table } from "./table.ts";

/** `alter-vault keys`: the keys that seal what is stored. */
export function addKeys(program: Command, cli: Cli): void {
  const keys = describeCommand(program.command("keys"), {
    summary: "Show, rotate and forget the master and data keys that seal what is stored",
    examples: ["alter-vault keys show", "alter-vault keys rotate"],
  });

  describeCommand(keys.command("show"), {
    summary: "Show the state of the encryption keys",
    examples: ["alter-vault keys show"],
    environment: CONNECTION_ENVIRONMENT,
  }).action((_options: object, command: Command) =>
    withVault(cli, command, async (vault) => {
      const state = await vault.call("getKeyring");
      show(cli, command, state, () => keyringText(state));
    }),
  );

  describeCommand(keys.command("rotate"), {
    summary: "Make new master and data keys and seal everything again, while the vault runs",
    notes:
      "Back up the master key file afterwards. Old keys stay in it, so that old backups of the database can be opened.",
    examples: ["alter-vault keys rotate"],
    environment: CONNECTION_ENVIRONMENT,
  }).action((_options: object, command: Command) =>
    withVault(cli, command, async (vault) => {
      const state = await vault.call("rotateKeyring");
      show(cli, command, state, () => `Rotated. Back up the master key file now.\n\n${keyringText(state)}`);
    }),
  );
  const when = moment(() => cli.clock.now());
  const forget = keys
    .command("forget")
    .requiredOption("--replaced-before <time>", "as in 30d for thirty days ago, or 2026-01-31", when)
    .option("--yes", "do not ask");
  describeCommand(forget, {
    summary: "Destroy keys that were replaced before a moment, and with them every backup that needs them",
    notes:
      "A backup from before that, the keys of users who were erased in it, cannot be opened by anybody afterwards. Delete\n" +
      "the copies of the master key file that still hold the old keys, too, and copy the file to other replicas again.",
    examples: ["alter-vault keys forget --replaced-before 30d --yes"],
    environment: CONNECTION_ENVIRONMENT,
  }).action(async ({ replacedBefore, yes }: { replacedBefore: string; yes?: true }, command: Command) => {
    const question = `Destroy all keys that were replaced before ${replacedBefore}?`;
    await requireYes(cli, yes, question, "backups that need these keys cannot be opened any more");
    await withVault(cli, command, async (vault) => {
      const gone = await vault.call("forgetKeys", { body: { replaced_before: replacedBefore } });
      show(cli, command, gone, () =>
        fields({ "master keys destroyed": gone.master_keys, "data keys": gone.data_keys }),
      );
    });
  });
}

function keyringText(state: KeyringState): string {
  const counts = fields({
    "key provider": state.provider,
    "data keys": state.data_keys,
    "sealed records": state.sealed_records,
    "under an old key": state.stale_records,
  });
  const rows = state.master_keys.map((key) => [key.id, key.created_at, key.active]);
  return `${counts}\n${table(["MASTER KEY", "CREATED", "ACTIVE"], rows)}`;
}
