import { PolicyRequest, type ExplainedRule, type PolicyExplanation } from "@alter-vault/protocol";
import type { Command } from "commander";
import { parse } from "yaml";
import type { Cli } from "./cli.ts";
import { usageError } from "./cli-error.ts";
import { CONNECTION_ENVIRONMENT, describeCommand } from "./describe-command.ts";
import { withVault } from "./open-vault.ts";
import { integer } from "./options.ts";
import { printable } from "./printable.ts";
import { readTextFile } from "./read-text-file.ts";
import { show } from "./show.ts";

interface ExplainOptions {
  readonly entry?: string;
  readonly request?: string;
  readonly versionNumber?: number;
}

/** `alter-vault policy explain`. */
export function addPolicyExplain(policy: Command, cli: Cli): void {
  const command = policy
    .command("explain")
    .option("--entry <id>", "the audit entry of a call that was made")
    .option("--request <file>", "a call that might be made, in YAML or JSON: method, url, json, agent, …")
    .option("--version-number <number>", "by that version", integer);
  describeCommand(command, {
    summary: "Say why a call was or would be decided as it is, and what would change that",
    examples: [
      "alter-vault policy explain --entry 01890000-0000-7000-8000-000000000000",
      "alter-vault policy explain --request ./call.yaml",
    ],
    environment: CONNECTION_ENVIRONMENT,
  }).action((options: ExplainOptions, given: Command) => {
    const body = {
      ...askedFor(options),
      ...(options.versionNumber === undefined ? {} : { version: options.versionNumber }),
    };
    return withVault(cli, given, async (vault) => {
      const explained = await vault.call("explainPolicy", { body });
      show(cli, given, explained, () => explanationText(explained));
    });
  });
}

function askedFor({ entry, request }: ExplainOptions): { entry_id: string } | { request: PolicyRequest } {
  if ((entry === undefined) === (request === undefined)) throw usageError("name either --entry or --request");
  if (entry !== undefined) return { entry_id: entry };
  const parsed = PolicyRequest.safeParse(parse(readTextFile(request ?? "")));
  if (parsed.success) return { request: parsed.data };
  const issues = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw usageError(`${request} is no call: ${issues.join("; ")}`);
}

function explanationText({ outcome, rule, reason, policy_version, limits, rules, notes }: PolicyExplanation): string {
  const by = rule === null ? "" : ` by ${rule}`;
  const why = reason === null ? "" : `: ${reason}`;
  const version = policy_version === null ? "nothing was published" : `version ${policy_version}`;
  return [
    `${outcome}${by}${why} (${version})`,
    ...(limits.length > 0 ? [`counts for ${limits.join(", ")}`] : []),
    ...notes.map((note) => `note: ${note}`),
    ...rules.map(ruleText),
  ]
    .map((line) => `${printable(line, { keepLines: true })}\n`)
    .join("");
}

const MARKS = { true: "yes", false: "no", null: "cannot be told" } as const;

function ruleText({ id, name, effect, applies, conditions, changes }: ExplainedRule): string {
  const lines = conditions.map(
    ({ part, name: looksAt, expected, actual, holds }) =>
      `  ${part} ${looksAt}: wants ${expected}; is ${actual} -> ${MARKS[`${holds}`]}`,
  );
  const ways = changes.map((change) => `  it would not apply if ${change}`);
  return [`\n${id} (${name}), ${effect}: applies: ${MARKS[`${applies}`]}`, ...lines, ...ways].join("\n");
}
