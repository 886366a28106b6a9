import type { KeyringState } from "@alter-vault/protocol";
import type { Command } from "commander";
import type { Cli } from "./cli.ts";
import { CONNECTION_ENVIRONMENT, describeCommand } from "./describe-command.ts";
import { withVault } from "./open-vault.ts";
import { show } from "./show.ts";
import { fields, table } from "./table.ts";

/** `alter-vault keys`: the keys that seal what is stored. */
export function addKeys(program: Command, cli: Cli): void {
  const keys = describeCommand(program.command("keys"), {
    summary: "Show and rotate the master and data keys that seal what is stored",
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
