import { PolicyDocument, type PolicyState } from "@alter-vault/protocol";
import type { Command } from "commander";
import { stringify } from "yaml";
import { diffPolicies, type PolicyDifference } from "../policy/diff-policies.ts";
import type { Cli } from "./cli.ts";
import { usageError } from "./cli-error.ts";
import { CONNECTION_ENVIRONMENT, describeCommand } from "./describe-command.ts";
import { withVault } from "./open-vault.ts";
import { lineDiff } from "./line-diff.ts";
import { printable } from "./printable.ts";
import { readPolicyFile } from "./read-policy-file.ts";
import { shortPolicy } from "./short-policy.ts";
import { show } from "./show.ts";
import type { VaultClient } from "./vault-client.ts";

/** `alter-vault policy diff`. */
export function addPolicyDiff(policy: Command, cli: Cli): void {
  const command = policy
    .command("diff")
    .argument("[before]", "a version, `published`, `shadow`, `draft`, or a file (default: published)")
    .argument("[after]", "the same (default: draft); one alone is what the published one would become");
  describeCommand(command, {
    summary: "Say what is other in one policy than in another",
    examples: ["alter-vault policy diff ./policy.yaml", "alter-vault policy diff 3 4"],
    environment: CONNECTION_ENVIRONMENT,
  }).action((one: string | undefined, other: string | undefined, _options: object, given: Command) =>
    withVault(cli, given, async (vault) => {
      const [before, after] = other === undefined ? ["published", one ?? "draft"] : [one ?? "published", other];
      const differences = diffPolicies(await find(vault, before), await find(vault, after));
      show(cli, given, { differences }, () =>
        differences.length === 0 ? "There is no difference.\n" : differences.map(differenceText).join("\n"),
      );
    }),
  );
}

const NAMED = ["published", "shadow", "draft"] as const satisfies readonly (keyof PolicyState)[];

async function find(vault: VaultClient, name: string): Promise<PolicyDocument> {
  if (/^[1-9]\d{0,8}$/.test(name)) return (await vault.call("getPolicyVersion", { id: name })).document;
  const known = NAMED.find((one) => one === name);
  if (!known) return readPolicyFile(name);
  const state = await vault.call("getPolicy");
  const found = state[known];
  if (found) return found.document;
  // Before anything was published, everything is new.
  if (known === "published") return PolicyDocument.parse({});
  throw usageError(`there is no ${known}`);
}

function differenceText({ kind, what, before, after }: PolicyDifference): string {
  const lines = (value: unknown): string[] =>
    value === null ? [] : printable(stringify(shortPolicy(value)).trimEnd(), { keepLines: true }).split("\n");
  return `${[`${kind} ${printable(what)}`, ...lineDiff(lines(before), lines(after))].join("\n")}\n`;
}
