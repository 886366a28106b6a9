import type { CedarRule } from "@alter-vault/protocol";
import { cedarEngine } from "./engine.ts";
import { readsOf, type CedarReads } from "./reads.ts";
import { CEDAR_SCHEMA } from "./schema.ts";

export type CheckedCedarRule =
  | { readonly ok: true; readonly policies: readonly string[]; readonly reads: CedarReads }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Whether a rule is Cedar, fits the schema, and does nothing but forbid. */
export function checkCedarRule({ policy }: Pick<CedarRule, "policy">): CheckedCedarRule {
  const cedar = cedarEngine();
  const parts = cedar.policySetTextToParts(policy);
  if (parts.type === "failure") return { ok: false, problems: parts.errors.map(({ message }) => message) };
  if (parts.policy_templates.length > 0) return { ok: false, problems: ["templates cannot be used"] };
  if (parts.policies.length === 0) return { ok: false, problems: ["there is no policy"] };

  const parsed = parts.policies.map((text) => cedar.policyToJson(text));
  const json = parsed.flatMap((one) => (one.type === "success" ? [one.json] : []));
  if (json.some(({ effect }) => effect !== "forbid"))
    return { ok: false, problems: ["rules can only forbid: what is allowed, the vault decides"] };

  const validated = cedar.validate({ schema: CEDAR_SCHEMA, policies: { staticPolicies: policy } });
  const problems =
    validated.type === "failure"
      ? validated.errors.map(({ message }) => message)
      : validated.validationErrors.map(({ error }) => [error.message, error.help].filter(Boolean).join("; "));
  const reads = readsOf(json);
  const all = [...new Set([...problems, ...reads.problems, ...badPointers(reads)])];
  return all.length > 0 ? { ok: false, problems: all } : { ok: true, policies: parts.policies, reads };
}

function badPointers({ tags }: CedarReads): string[] {
  return ["body", "numbers"].flatMap((attribute) =>
    [...(tags.get(attribute) ?? [])]
      .filter((pointer) => !pointer.startsWith("/"))
      .map((pointer) => `"${pointer}" is no JSON pointer, like /amount`),
  );
}
