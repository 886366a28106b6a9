import type { Command } from "commander";
import type { Cli } from "./cli.ts";
import { CONNECTION_ENVIRONMENT, describeCommand, globalOptions } from "./describe-command.ts";
import { checkNode, checkSettings, type Check, type Finding } from "./doctor-checks.ts";
import { checkDataDir } from "./doctor-data-dir.ts";
import { checkVault } from "./doctor-vault.ts";
import { EXIT } from "./exit-code.ts";
import { remoteUrl } from "./open-vault.ts";
import { painter, type Painter } from "./paint.ts";
import { printable } from "./printable.ts";
import { show } from "./show.ts";

/** `alter-vault doctor`: looks at everything a vault needs, changes nothing, and says what to do. */
export function addDoctor(program: Command, cli: Cli): void {
  describeCommand(program.command("doctor"), {
    summary: "Check what a vault needs, and say what to do about what is missing",
    notes:
      "Works with and without a running vault, and changes nothing. Ends with 1 when a check fails; warnings do not count.",
    examples: ["alter-vault doctor", "alter-vault doctor --data /var/lib/alter-vault --json"],
    environment: CONNECTION_ENVIRONMENT,
  }).action(async (_options: object, command: Command) => {
    const globals = globalOptions(command);
    const url = remoteUrl(cli, globals);
    const checks: Check[] = [checkNode(cli.nodeVersion)];
    // With --url the vault is elsewhere, and so are its directory and its settings.
    if (url === null) checks.push(...checkSettings(cli, globals), ...(await checkDataDir(cli, globals)));
    checks.push(...(await checkVault(cli, globals, url)));
    const ok = checks.every(({ state }) => state !== "fail");
    show(cli, command, { ok, checks }, () => checksText(checks, painter(cli.stdout, cli.environment)));
    if (!ok) cli.setExitCode(EXIT.error);
  });
}

function checksText(checks: readonly Check[], paint: Painter): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const colour: Record<Finding["state"], (text: string) => string> = {
    ok: paint.green,
    warn: paint.yellow,
    fail: paint.red,
  };
  const lines = checks.flatMap(({ name, state, message, fix }) => [
    `${colour[state](state.padEnd(4))}  ${name.padEnd(width)}  ${printable(message)}`,
    ...(fix === undefined ? [] : [`${" ".repeat(8 + width)}${printable(fix)}`]),
  ]);
  return `${lines.join("\n")}\n`;
}
