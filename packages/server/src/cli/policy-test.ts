import { PolicyDocument, type PolicyCases } from "@alter-vault/protocol";
import type { Command } from "commander";
import { preparePolicy } from "../policy/published-policy.ts";
import { runCases, type FailedCase } from "../policy/run-cases.ts";
import type { Cli } from "./cli.ts";
import { CONNECTION_ENVIRONMENT, describeCommand } from "./describe-command.ts";
import { EXIT } from "./exit-code.ts";
import { withVault } from "./open-vault.ts";
import { printable } from "./printable.ts";
import { readCasesFile, readPolicyFile } from "./read-policy-file.ts";
import { show } from "./show.ts";

/** `alter-vault policy test`. */
export function addPolicyTest(policy: Command, cli: Cli): void {
  const command = policy
    .command("test")
    .argument("<cases...>", "files of cases, in YAML or JSON")
    .option("--policy <file>", "test this policy, without a vault (default: the one that counts)");
  describeCommand(command, {
    summary: "Hold a policy against cases: calls, and what must become of them",
    notes:
      "Ends with 0 when all cases hold and with 1 when one does not. A file that brings its own policy needs no vault.",
    examples: ["alter-vault policy test ./cases.yaml --policy ./policy.yaml", "alter-vault policy test ./cases/*.yaml"],
    environment: CONNECTION_ENVIRONMENT,
  }).action(async (files: string[], { policy: policyFile }: { policy?: string }, given: Command) => {
    const tables = files.map((file) => ({ file, cases: readCasesFile(file) }));
    let document = policyFile === undefined ? null : readPolicyFile(policyFile);
    if (!document && tables.some(({ cases }) => !cases.policy)) {
      const { published } = await withVault(cli, given, (vault) => vault.call("getPolicy"));
      document = published?.document ?? null;
    }
    const failed = tables.flatMap(({ file, cases }) =>
      failuresOf(policyFile === undefined ? (cases.policy ?? document) : document, cases).map((one) => ({
        file,
        ...one,
      })),
    );
    const total = tables.reduce((sum, { cases }) => sum + cases.cases.length, 0);
    show(cli, given, { total, failed }, () => {
      const lines = failed.map(
        ({ file, name, problem }) => `${printable(file)}: ${printable(name)}\n  ${printable(problem)}\n`,
      );
      return `${lines.join("")}${total - failed.length} of ${total} cases hold.\n`;
    });
    if (failed.length > 0) cli.setExitCode(EXIT.error);
  });
}

function failuresOf(document: PolicyDocument | null, cases: PolicyCases): FailedCase[] {
  const prepared = preparePolicy(document ?? PolicyDocument.parse({}));
  try {
    return runCases(prepared, cases);
  } finally {
    prepared.cedar.close();
  }
}
