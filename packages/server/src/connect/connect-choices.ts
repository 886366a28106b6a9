import type { ConnectedGrant } from "@alter-vault/protocol";
import { checkVariable, type CatalogueScope, type Provider, type Variable } from "@alter-vault/providers";
import type { Failure } from "../call.ts";
import type { ConnectableProvider, OAuthEngine } from "../credential/oauth/engine.ts";
import { invalid, type Issue } from "../invalid-input.ts";
import type { ProviderConfigRecord } from "../store/provider-records.ts";
import type { Session } from "./session.ts";

/** What a user can choose in a session, in words for people. */
export interface ConnectChoice {
  readonly providerId: string;
  readonly name: string;
  readonly description: string;
  readonly scopes: readonly AskedScope[];
  /** What the user has to say first: a shop, a region. */
  readonly questions: readonly Question[];
  readonly connected: readonly ConnectedGrant[];
}

export interface AskedScope {
  readonly id: string;
  readonly description: string;
  readonly access: CatalogueScope["access"];
  readonly sensitive: boolean;
}

export interface Question {
  readonly name: string;
  readonly variable: Variable;
}

/** In the order in which the app named them. What is not configured any more is left out. */
export async function connectChoices(
  engine: OAuthEngine,
  { appId, options, grants }: Session,
): Promise<ConnectChoice[]> {
  const connectable = await engine.connectable(appId);
  return options.providers.flatMap((id) => {
    const found = connectable.find(({ provider }) => provider.id === id);
    return found ? [toChoice(found, options, grants)] : [];
  });
}

function toChoice(
  { provider, config }: ConnectableProvider,
  options: Session["options"],
  grants: readonly ConnectedGrant[],
): ConnectChoice {
  const given = options.variables[provider.id] ?? {};
  return {
    providerId: provider.id,
    name: provider.name,
    description: provider.description,
    scopes: askedScopes(provider, options.scopes[provider.id] ?? config.defaultScopes),
    questions: openQuestions(provider, config, given),
    connected: grants.filter((grant) => grant.provider === provider.id),
  };
}

/** A scope that the catalogue does not know counts as one that may do anything. */
function askedScopes(provider: Provider, asked: readonly string[]): AskedScope[] {
  const all = new Set([...asked, ...(provider.authorize?.alwaysScopes ?? [])]);
  return [...all].map((id) => {
    const known = provider.scopes.find((scope) => scope.id === id);
    return known
      ? { id, description: known.description, access: known.access, sensitive: known.sensitive }
      : { id, description: id, access: "admin", sensitive: false };
  });
}

function openQuestions(
  { variables }: Provider,
  config: ProviderConfigRecord,
  given: Readonly<Record<string, string>>,
): Question[] {
  const answered = { ...given, ...config.variables };
  return Object.entries(variables)
    .filter(([name, { from }]) => from === "user" && !Object.hasOwn(answered, name))
    .map(([name, variable]) => ({ name, variable }));
}

/** The user's answers. Nothing but what was asked is taken. */
export function readAnswers(
  questions: readonly Question[],
  answers: Readonly<Record<string, string>>,
): { readonly ok: true; readonly variables: Record<string, string> } | Failure {
  const variables: Record<string, string> = {};
  const issues: Issue[] = [];
  for (const { name, variable } of questions) {
    const answer = (Object.hasOwn(answers, name) ? answers[name] : undefined)?.trim() || variable.default;
    if (answer === undefined) {
      issues.push({ path: name, message: `Please fill in: ${variable.label}.` });
      continue;
    }
    const checked = checkVariable(variable, answer);
    if (checked.ok) variables[name] = checked.value;
    else issues.push({ path: name, message: `This does not look right. An example: ${variable.example}` });
  }
  return issues.length === 0 ? { ok: true, variables } : invalid("invalid_request", issues);
}
