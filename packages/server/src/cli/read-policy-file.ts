import type { PolicyCases, PolicyDocument } from "@alter-vault/protocol";
import type { PolicyIssue } from "../policy/check-policy.ts";
import { readCases, readPolicy, type Read } from "../policy/read-document.ts";
import { CliError } from "./cli-error.ts";
import { EXIT } from "./exit-code.ts";
import { readTextFile } from "./read-text-file.ts";

/** A policy in YAML or JSON. Throws CliError with everything that is wrong with it. */
export function readPolicyFile(file: string): PolicyDocument {
  return valueOf(file, readPolicy(readTextFile(file)));
}

export function readCasesFile(file: string): PolicyCases {
  return valueOf(file, readCases(readTextFile(file)));
}

function valueOf<T>(file: string, read: Read<T>): T {
  if (read.ok) return read.value;
  throw new CliError(EXIT.error, {
    code: "policy_invalid",
    title: `${file} is not valid`,
    detail: read.issues.map(issueText).join("; "),
    fix: "docs/policies.md tells how policies and cases are written.",
  });
}

function issueText({ path, message }: PolicyIssue): string {
  return path === "" ? message : `${path}: ${message}`;
}
