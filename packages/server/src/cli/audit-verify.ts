import type { AuditVerification } from "@alter-vault/protocol";
import type { Command } from "commander";
import { verifyLocalLog } from "../local-vault.ts";
import type { Cli } from "./cli.ts";
import { CONNECTION_ENVIRONMENT, describeCommand, globalOptions } from "./describe-command.ts";
import { EXIT } from "./exit-code.ts";
import { localConfig, remoteUrl, requireVault, withVault } from "./open-vault.ts";
import { findAnswering, untilFree } from "./when-free.ts";
import { plural } from "./plural.ts";
import { printable } from "./printable.ts";
import { show } from "./show.ts";

/**
 * `alter-vault audit verify`. With no vault running it reads the data directory itself and needs no key: not the
 * operator's, and not the master key either. So it works on a copy, and after a crash.
 */
export function addAuditVerify(audit: Command, cli: Cli): void {
  describeCommand(audit.command("verify"), {
    summary: "Check that no audit entry was changed, removed or cut off",
    notes: "Ends with 0 when the log is whole and with 1 when it is not. Works with and without a running vault.",
    examples: ["alter-vault audit verify", "alter-vault audit verify --data /backup/alter-vault --json"],
    environment: CONNECTION_ENVIRONMENT,
  }).action(async (_options: object, command: Command) => {
    const found = await verify(cli, command);
    show(cli, command, found, () => verificationText(found));
    if (!found.ok) cli.setExitCode(EXIT.error);
  });
}

async function verify(cli: Cli, command: Command): Promise<AuditVerification> {
  const askVault = (): Promise<AuditVerification> => withVault(cli, command, (vault) => vault.call("verifyAudit"));
  const globals = globalOptions(command);
  if (remoteUrl(cli, globals) !== null) return askVault();
  const config = localConfig(cli, globals);
  await requireVault(config);
  const found = await untilFree(
    cli,
    () => verifyLocalLog(config),
    () => findAnswering(config.dataDir),
  );
  return "pid" in found ? askVault() : found;
}

const MOST_SHOWN = 20;

function verificationText(found: AuditVerification): string {
  const { rows, chains, checkpoints, outcome_unknown: unknown, outcome_unknown_total: total, problems } = found;
  const scope = `${rows} rows, ${plural(chains, "chain")}, ${plural(checkpoints, "checkpoint")} checked`;
  const lines = [
    found.ok ? `The log is whole: ${scope}.` : `THE LOG IS NOT WHOLE: ${plural(problems.length, "problem")}; ${scope}.`,
  ];
  const { removed } = found;
  if (removed) {
    const day = removed.at.slice(0, 10);
    lines.push(`Entries before ${removed.before} were removed by retention on ${day}: ${plural(removed.rows, "row")}.`);
  }
  for (const { writer, seq, problem } of problems.slice(0, MOST_SHOWN))
    lines.push(`  row ${seq} of ${printable(writer)}: ${printable(problem)}`);
  if (problems.length > MOST_SHOWN) lines.push(`  and ${problems.length - MOST_SHOWN} more; see --json`);
  if (total > 0) {
    lines.push(
      `${plural(total, "entry", "entries")} without a known outcome: the vault stopped before it could write down what came of it.`,
    );
    for (const id of unknown.slice(0, MOST_SHOWN)) lines.push(`  ${printable(id)}`);
    if (total > MOST_SHOWN) lines.push(`  and ${total - MOST_SHOWN} more; see --json`);
  }
  return `${lines.join("\n")}\n`;
}
