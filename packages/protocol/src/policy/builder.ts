import type { z } from "zod";
import type { Conditions } from "./conditions.ts";
import { PolicyDocument, Rule, type PolicyDocumentInput, type RuleScope } from "./document.ts";
import type { EffectInput } from "./effects.ts";

type ConditionsInput = z.input<typeof Conditions>;

/** A rule without its effect yet. Every step gives another builder; none changes the one before. */
export interface RuleBuilder {
  named(name: string, description?: string): RuleBuilder;
  on(scope: RuleScope): RuleBuilder;
  /** Joined with what was said before. */
  when(conditions: ConditionsInput): RuleBuilder;
  unless(conditions: ConditionsInput): RuleBuilder;
  deny(reason?: string): Rule;
  requireApproval(approval: EffectOf<"require_approval">): Rule;
  rateLimit(limit: EffectOf<"rate_limit">): Rule;
  concurrency(limit: EffectOf<"concurrency">): Rule;
  budget(limit: EffectOf<"budget">): Rule;
}

type EffectOf<Type extends EffectInput["type"]> = Omit<EffectInput & { type: Type }, "type">;

interface Started {
  readonly id: string;
  readonly name: string;
  readonly description?: string;
  readonly scope: RuleScope;
  readonly when: ConditionsInput;
  readonly unless?: ConditionsInput;
}

/**
 * Rules in TypeScript:
 *
 *     rule("no-deletes").on({ provider: "github" }).when({ method: ["DELETE"] }).deny("Nothing is deleted by an agent")
 *
 * Throws ZodError where a rule is not valid.
 */
export function rule(id: string): RuleBuilder {
  return from({ id, name: id, scope: { app: true }, when: {} });
}

/** A whole policy. Throws ZodError where it is not valid. */
export function policy(document: PolicyDocumentInput): PolicyDocument {
  return PolicyDocument.parse(document);
}

function from(started: Started): RuleBuilder {
  const ended = (effect: EffectInput): Rule => Rule.parse({ ...started, effect });
  return {
    named: (name, description) => from({ ...started, name, ...(description === undefined ? {} : { description }) }),
    on: (scope) => from({ ...started, scope }),
    when: (conditions) => from({ ...started, when: { ...started.when, ...conditions } }),
    unless: (conditions) => from({ ...started, unless: { ...started.unless, ...conditions } }),
    deny: (reason) => ended({ type: "deny", ...(reason === undefined ? {} : { reason }) }),
    requireApproval: (approval) => ended({ type: "require_approval", ...approval }),
    rateLimit: (limit) => ended({ type: "rate_limit", ...limit }),
    concurrency: (limit) => ended({ type: "concurrency", ...limit }),
    budget: (limit) => ended({ type: "budget", ...limit }),
  };
}
