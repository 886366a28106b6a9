import { join } from "node:path";

// oxlint-disable typescript/consistent-type-imports -- a plain type import out of another project cannot be emitted (TS2878)

/** The parts of the server that decide by policies, which it does not export. Imported from the sources. */
type Published = typeof import("../../../packages/server/src/policy/published-policy.ts");
type Decisions = typeof import("../../../packages/server/src/policy/decide-policy.ts");
type Hypothetical = typeof import("../../../packages/server/src/policy/hypothetical-facts.ts");

export interface PolicyInternals {
  readonly preparePolicy: Published["preparePolicy"];
  readonly decidePolicy: Decisions["decidePolicy"];
  readonly hypotheticalFacts: Hypothetical["hypotheticalFacts"];
}

const SOURCES = join(import.meta.dirname, "../../../packages/server/src/policy");

export async function loadPolicyInternals(): Promise<PolicyInternals> {
  const [published, decisions, hypothetical] = await Promise.all([
    import(join(SOURCES, "published-policy.ts")) as Promise<Published>,
    import(join(SOURCES, "decide-policy.ts")) as Promise<Decisions>,
    import(join(SOURCES, "hypothetical-facts.ts")) as Promise<Hypothetical>,
  ]);
  return {
    preparePolicy: published.preparePolicy,
    decidePolicy: decisions.decidePolicy,
    hypotheticalFacts: hypothetical.hypotheticalFacts,
  };
}
