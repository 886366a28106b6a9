import type { Effect, PolicyDocument, Rule, RuleScope } from "@alter-vault/protocol";
import { compileConditions } from "./conditions/conditions.ts";
import type { Condition } from "./conditions/condition.ts";
import type { Holidays } from "./conditions/time-condition.ts";
import type { PolicyFacts } from "./facts.ts";
import { providerName } from "./facts/provider-name.ts";

/**
 * Turns the rules of a published policy into what is quick to decide by, once per version: rules by what they are about,
 * and within that by the method and host they name, so that a call meets only rules that may apply to it.
 */
export interface CompiledPolicy {
  readonly byScope: ReadonlyMap<string, ScopedRules>;
  readonly rules: readonly CompiledRule[];
  /** Whether any rule looks into bodies: otherwise nobody needs to read them. */
  readonly readsBody: boolean;
}

export interface CompiledRule {
  readonly id: string;
  readonly name: string;
  readonly scope: RuleScope;
  readonly effect: Effect;
  readonly when: readonly Condition[];
  /** Null: the rule has none. */
  readonly unless: readonly Condition[] | null;
}

/** By `METHOD host`, either of which may be `*`. */
export interface ScopedRules {
  readonly all: readonly CompiledRule[];
  readonly byTarget: ReadonlyMap<string, readonly CompiledRule[]>;
}

/** Throws RangeError when a rule of the document cannot be compiled; whoever publishes has checked that. */
export function compilePolicy({ rules, holidays }: PolicyDocument): CompiledPolicy {
  const byScope = new Map<string, CompiledRule[]>();
  const targets = new Map<CompiledRule, readonly string[]>();
  const compiled: CompiledRule[] = [];
  for (const rule of rules) {
    if (!rule.enabled) continue;
    const one = compileRule(rule, holidays);
    compiled.push(one);
    targets.set(one, targetsOf(rule));
    const key = scopeKey(rule.scope);
    const known = byScope.get(key);
    if (known) known.push(one);
    else byScope.set(key, [one]);
  }
  return {
    byScope: new Map([...byScope].map(([key, all]) => [key, { all, byTarget: indexByTarget(all, targets) }])),
    rules: compiled,
    readsBody: rules.some(({ enabled, when, unless }) => enabled && (when.body || unless?.body)),
  };
}

function compileRule({ id, name, scope, effect, when, unless }: Rule, holidays: Holidays): CompiledRule {
  return {
    id,
    name,
    scope,
    effect,
    when: compileConditions(when, "when", holidays),
    unless: unless ? compileConditions(unless, "unless", holidays) : null,
  };
}

/** What a rule is indexed by; the conditions themselves are tested all the same. */
function targetsOf({ when }: Rule): string[] {
  const hosts = when.host?.every((host) => !host.startsWith("*.") && !host.includes(":")) ? when.host : ["*"];
  return (when.method ?? ["*"]).flatMap((method) => hosts.map((host) => `${method} ${host}`));
}

function indexByTarget(
  rules: readonly CompiledRule[],
  targets: ReadonlyMap<CompiledRule, readonly string[]>,
): Map<string, CompiledRule[]> {
  const index = new Map<string, CompiledRule[]>();
  for (const rule of rules) {
    for (const target of new Set(targets.get(rule))) {
      const known = index.get(target);
      if (known) known.push(rule);
      else index.set(target, [rule]);
    }
  }
  return index;
}

export function scopeKey(scope: RuleScope): string {
  const [[kind, value] = ["app", true]] = Object.entries(scope);
  if (kind === "app") return "app";
  return kind === "provider" ? `provider ${providerName(String(value))}` : `${kind} ${value}`;
}

/** The scopes a call is in. */
export function scopesOf({ provider, grantId, secretId, agents, userId, groups }: PolicyFacts): string[] {
  const keys = ["app", `provider ${provider}`, `grant ${grantId}`];
  if (secretId !== null) keys.push(`secret ${secretId}`);
  if (userId !== null) keys.push(`user ${userId}`);
  for (const agent of new Set(agents)) keys.push(`agent ${agent}`);
  for (const group of new Set(groups)) keys.push(`group ${group}`);
  return keys;
}

/** The rules that may apply to a call. None comes twice: the buckets of a scope have no rule in common. */
export function* candidates({ byScope }: CompiledPolicy, facts: PolicyFacts): Generator<CompiledRule> {
  for (const key of scopesOf(facts)) {
    const scoped = byScope.get(key);
    if (!scoped) continue;
    if (facts.method === null) {
      yield* scoped.all;
      continue;
    }
    for (const method of [facts.method, "*"]) {
      for (const host of [facts.host, "*"]) yield* scoped.byTarget.get(`${method} ${host}`) ?? NONE;
    }
  }
}

const NONE: readonly CompiledRule[] = [];
