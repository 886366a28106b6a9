import type { PolicyDocument } from "@alter-vault/protocol";
import { prepareCedarRules, type CedarRules } from "./cedar/cedar-rules.ts";
import { compilePolicy, type CompiledPolicy } from "./compile-policy.ts";

/** A policy that can be decided by: everything about it was worked out once. */
export interface PublishedPolicy {
  readonly compiled: CompiledPolicy;
  readonly cedar: CedarRules;
  readonly readsBody: boolean;
}

/** Throws RangeError for a document that `checkPolicy` finds fault with. */
export function preparePolicy(document: PolicyDocument): PublishedPolicy {
  const compiled = compilePolicy(document);
  const cedar = prepareCedarRules(document.cedar);
  return { compiled, cedar, readsBody: compiled.readsBody || cedar.readsBody };
}
