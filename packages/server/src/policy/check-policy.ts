import type { PolicyDocument } from "@alter-vault/protocol";
import { checkCedarRule } from "./cedar/check-rule.ts";
import { readRange } from "./conditions/ip-range.ts";

/** What is wrong with a policy, and where. */
export interface PolicyIssue {
  readonly path: string;
  readonly message: string;
}

/** What the schema cannot say: ranges that are none, and Cedar that is not valid. A policy without issues can be published. */
export function checkPolicy({ rules, cedar }: PolicyDocument): PolicyIssue[] {
  const issues: PolicyIssue[] = [];
  rules.forEach((rule, index) => {
    for (const part of ["when", "unless"] as const) {
      for (const [at, text] of (rule[part]?.source_ip ?? []).entries()) {
        if (readRange(text)) continue;
        const message = `"${text}" is no address range; the bits beyond the prefix must be zero`;
        issues.push({ path: `rules.${index}.${part}.source_ip.${at}`, message });
      }
    }
  });
  cedar.forEach((rule, index) => {
    const checked = checkCedarRule(rule);
    if (checked.ok) return;
    for (const message of checked.problems) issues.push({ path: `cedar.${index}.policy`, message });
  });
  return issues;
}
