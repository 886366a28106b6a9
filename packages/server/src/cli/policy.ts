import type { PolicyDocument, PolicyState, PolicyVersionDocument } from "@alter-vault/protocol";
import type { Command } from "commander";
import { stringify } from "yaml";
import type { Cli } from "./cli.ts";
import { CONNECTION_ENVIRONMENT, describeCommand } from "./describe-command.ts";
import { withVault } from "./open-vault.ts";
import { integer } from "./options.ts";
import { addPolicyDiff } from "./policy-diff.ts";
import { addPolicyExplain } from "./policy-explain.ts";
import { addPolicyPublish } from "./policy-publish.ts";
import { addPolicyStops } from "./policy-stops.ts";
import { addPolicyTest } from "./policy-test.ts";
import { printable } from "./printable.ts";
import { readPolicyFile } from "./read-policy-file.ts";
import { shortPolicy } from "./short-policy.ts";
import { more, show } from "./show.ts";
import { table } from "./table.ts";

/** `alter-vault policy`: what may be done with the grants of an app. */
export function addPolicy(program: Command, cli: Cli): void {
  const policy = describeCommand(program.command("policy"), {
    summary: "Show, change, test and explain the rules about what calls may be made",
    notes: "How policies are written is told in docs/policies.md.",
    examples: ["alter-vault policy show", "alter-vault policy publish ./policy.yaml --note 'no deletes'"],
  });
  addShow(policy, cli);
  addVersions(policy, cli);
  addEdit(policy, cli);
  addPolicyPublish(policy, cli);
  addPolicyDiff(policy, cli);
  addPolicyTest(policy, cli);
  addPolicyExplain(policy, cli);
  addPolicyStops(policy, cli);
}

function addShow(policy: Command, cli: Cli): void {
  const command = policy
    .command("show")
    .option("--version-number <number>", "that version, instead of the one that counts", integer)
    .option("--draft", "the draft")
    .option("--shadow", "the one that is tried");
  describeCommand(command, {
    summary: "Show the policy that counts, as YAML that can be edited and published again",
    examples: ["alter-vault policy show > policy.yaml", "alter-vault policy show --version-number 3"],
    environment: CONNECTION_ENVIRONMENT,
  }).action((options: { versionNumber?: number; draft?: true; shadow?: true }, given: Command) =>
    withVault(cli, given, async (vault) => {
      if (options.versionNumber !== undefined) {
        const version = await vault.call("getPolicyVersion", { id: String(options.versionNumber) });
        return show(cli, given, version, () => versionText(version));
      }
      const state = await vault.call("getPolicy");
      show(cli, given, state, () => {
        if (options.draft) return state.draft ? yamlText(state.draft.document) : "(no draft)\n";
        if (options.shadow) return state.shadow ? versionText(state.shadow) : "(nothing is tried)\n";
        return stateText(state);
      });
    }),
  );
}

function addVersions(policy: Command, cli: Cli): void {
  const command = policy
    .command("versions")
    .option("--limit <count>", "how many at most (default: 100)", integer)
    .option("--cursor <cursor>", "go on after an earlier page");
  describeCommand(command, {
    summary: "List the versions of the policy, newest first",
    examples: ["alter-vault policy versions"],
    environment: CONNECTION_ENVIRONMENT,
  }).action((query: { limit?: number; cursor?: string }, given: Command) =>
    withVault(cli, given, async (vault) => {
      const answer = await vault.call("listPolicyVersions", { query: { ...query } });
      const { published, shadow } = await vault.call("getPolicy");
      const rows = answer.versions.map(({ version, created_at, created_by, note }) => [
        version,
        version === published?.version ? "counts" : version === shadow?.version ? "is tried" : null,
        created_at,
        created_by,
        note,
      ]);
      const next = { has_more: answer.next_cursor !== null, next_cursor: answer.next_cursor };
      show(cli, given, answer, () => table(["VERSION", "STATE", "CREATED", "BY", "NOTE"], rows) + more(next));
    }),
  );
}

function addEdit(policy: Command, cli: Cli): void {
  describeCommand(policy.command("edit").argument("<file>", "the policy, in YAML or JSON"), {
    summary: "Save a policy as draft; it has no effect until it is published",
    examples: ["alter-vault policy edit ./policy.yaml", "alter-vault policy publish --draft"],
    environment: CONNECTION_ENVIRONMENT,
  }).action((file: string, _options: object, given: Command) => {
    const document = readPolicyFile(file);
    return withVault(cli, given, async (vault) => {
      const state = await vault.call("putPolicyDraft", { body: { document } });
      show(
        cli,
        given,
        state,
        () => "Saved. Next: alter-vault policy diff published draft, and policy publish --draft\n",
      );
    });
  });
}

function stateText({ published, shadow, draft, stops }: PolicyState): string {
  const notes = [
    ...(shadow ? [`# version ${shadow.version} is being tried\n`] : []),
    ...(draft ? ["# there is a draft: --draft shows it\n"] : []),
    ...stops.map(({ kind, value }) => `# stopped: ${kind} ${printable(value)}\n`),
  ].join("");
  return `${notes}${published ? versionText(published) : "# nothing was published: the vault's own rules alone count\n"}`;
}

function versionText({ version, created_at, note, document }: PolicyVersionDocument): string {
  return `# version ${version}, ${created_at}${note === null ? "" : `: ${printable(note)}`}\n${yamlText(document)}`;
}

function yamlText(document: PolicyDocument): string {
  return printable(stringify(shortPolicy(document)), { keepLines: true });
}
