import { lintProvider, type Issue, type LintResult } from "@alter-vault/providers";
import type { Command } from "commander";
import type { Cli } from "./cli.ts";
import { CONNECTION_ENVIRONMENT, describeCommand } from "./describe-command.ts";
import { EXIT } from "./exit-code.ts";
import { withVault } from "./open-vault.ts";
import { printable } from "./printable.ts";
import { providerFields } from "./provider-text.ts";
import { readTextFile } from "./read-text-file.ts";
import { show } from "./show.ts";

/** `alter-vault providers lint`. Needs no vault. */
export function addProviderLint(providers: Command, cli: Cli): void {
  describeCommand(providers.command("lint").argument("<file>", "an entry, in YAML or JSON"), {
    summary: "Check a provider entry of your own, and say everything that is wrong with it",
    notes: "Ends with 0 when the entry can be added and with 1 when it cannot.",
    examples: ["alter-vault providers lint ./acme.yaml"],
  }).action((file: string, _options: object, command: Command) => {
    const linted = lintProvider(readTextFile(file));
    if (linted.ok) {
      const { id, name } = linted.provider;
      show(cli, command, { ok: true, provider_id: id, issues: [] }, () => `${printable(name)} (${id}) is right.\n`);
    } else refuseEntry(cli, command, file, linted.issues);
  });
}

/** `alter-vault providers add`. */
export function addProviderAdd(providers: Command, cli: Cli): void {
  describeCommand(providers.command("add").argument("<file>", "an entry, in YAML or JSON"), {
    summary: "Add an entry of your own to the app's providers, or replace the one of the same id",
    notes: "How an entry is written is told in CONTRIBUTING.md of @alter-vault/providers, with an annotated example.",
    examples: ["alter-vault providers add ./acme.yaml"],
    environment: CONNECTION_ENVIRONMENT,
  }).action(async (file: string, _options: object, command: Command) => {
    const definition = readTextFile(file);
    // The vault checks it again; here it can be said with the lines of the file.
    const linted: LintResult = lintProvider(definition);
    if (!linted.ok) return refuseEntry(cli, command, file, linted.issues);
    await withVault(cli, command, async (vault) => {
      const provider = await vault.call("addProvider", { body: { definition } });
      const next = `\nNext: alter-vault providers configure ${provider.provider_id} --client-id …\n`;
      show(cli, command, provider, () => `Added.\n${providerFields(provider)}${provider.configured ? "" : next}`);
    });
  });
}

function refuseEntry(cli: Cli, command: Command, file: string, issues: readonly Issue[]): void {
  show(cli, command, { ok: false, code: "provider_invalid", issues }, () => {
    const lines = issues.map(
      ({ path, message, fix, line }) =>
        `${printable(file)}:${line ?? 1} ${printable(path)}\n  ${printable(message)}\n  fix: ${printable(fix)}\n`,
    );
    return `${lines.join("")}${issues.length} ${issues.length === 1 ? "thing is" : "things are"} wrong with it.\n`;
  });
  cli.setExitCode(EXIT.error);
}
