import type { PolicyDocument } from "@alter-vault/protocol";
import type { Command } from "commander";
import type { Cli } from "./cli.ts";
import { usageError } from "./cli-error.ts";
import { CONNECTION_ENVIRONMENT, describeCommand } from "./describe-command.ts";
import { withVault } from "./open-vault.ts";
import { integer } from "./options.ts";
import { readPolicyFile } from "./read-policy-file.ts";
import { show } from "./show.ts";

interface SourceOptions {
  readonly draft?: true;
  readonly versionNumber?: number;
  readonly note?: string;
}

/** `alter-vault policy publish`, `rollback` and `shadow`. */
export function addPolicyPublish(policy: Command, cli: Cli): void {
  const publish = policy
    .command("publish")
    .argument("[file]", "the policy, in YAML or JSON")
    .option("--draft", "publish the draft")
    .option("--note <text>", "what it is about, for the list of versions")
    .option("--expect <version>", "only when this version counts by now; 0 for none", integer);
  describeCommand(publish, {
    summary: "Make a policy count: when the command ends, every decision is made by it",
    examples: ["alter-vault policy publish ./policy.yaml --note 'no deletes'", "alter-vault policy publish --draft"],
    environment: CONNECTION_ENVIRONMENT,
  }).action((file: string | undefined, options: SourceOptions & { expect?: number }, given: Command) => {
    const source = sourceOf(file, options);
    const expected = options.expect === undefined ? {} : { expected_version: options.expect || null };
    return withVault(cli, given, async (vault) => {
      const state = await vault.call("publishPolicy", { body: { ...source, ...noteOf(options), ...expected } });
      show(cli, given, state, () => `Version ${state.published?.version} counts now.\n`);
    });
  });

  const rollback = policy.command("rollback").argument("<version>", "the version to go back to", integer);
  describeCommand(rollback, {
    summary: "Make an earlier version count again",
    examples: ["alter-vault policy versions", "alter-vault policy rollback 3"],
    environment: CONNECTION_ENVIRONMENT,
  }).action((version: number, _options: object, given: Command) =>
    withVault(cli, given, async (vault) => {
      const state = await vault.call("publishPolicy", { body: { version } });
      show(cli, given, state, () => `Version ${state.published?.version} counts again.\n`);
    }),
  );

  const shadow = policy
    .command("shadow")
    .argument("[file]", "the policy, in YAML or JSON")
    .option("--draft", "try the draft")
    .option("--version-number <number>", "try that version", integer)
    .option("--end", "end the trial");
  describeCommand(shadow, {
    summary: "Try a policy: it is evaluated and written into the audit log, and has no effect",
    examples: ["alter-vault policy shadow ./policy.yaml", "alter-vault policy shadow --end"],
    environment: CONNECTION_ENVIRONMENT,
  }).action((file: string | undefined, options: SourceOptions & { end?: true }, given: Command) => {
    const source = options.end ? null : sourceOf(file, options);
    return withVault(cli, given, async (vault) => {
      const state = source ? await vault.call("shadowPolicy", { body: source }) : await vault.call("endPolicyShadow");
      const text = state.shadow ? `Version ${state.shadow.version} is being tried.\n` : "Nothing is being tried.\n";
      show(cli, given, state, () => text);
    });
  });
}

function noteOf({ note }: SourceOptions): { note?: string } {
  return note === undefined ? {} : { note };
}

function sourceOf(
  file: string | undefined,
  { draft, versionNumber }: SourceOptions,
): { document: PolicyDocument } | { draft: true } | { version: number } {
  const given = [file, draft, versionNumber].filter((one) => one !== undefined);
  if (given.length !== 1) throw usageError("name one of a file, --draft and --version-number");
  if (versionNumber !== undefined) return { version: versionNumber };
  return file === undefined ? { draft: true } : { document: readPolicyFile(file) };
}
