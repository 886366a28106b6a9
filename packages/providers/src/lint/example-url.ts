import { isOperatorsChoice } from "../check-variable.ts";
import { fillTemplate, placeholdersOf } from "../fill-template.ts";
import type { Provider } from "../schema.ts";

/** The template with each variable's example in place, or nothing when that makes no URL. */
export function exampleUrl(provider: Provider, template: string): URL | undefined {
  const filled = fillTemplate(template, provider.variables, examplesOf(provider), "example-client");
  if (!filled.ok) return undefined;
  return URL.canParse(filled.text) ? new URL(filled.text) : undefined;
}

/** `api.hosts` with the examples in place. */
export function exampleHosts(provider: Provider): string[] {
  return provider.api.hosts.flatMap((host) => {
    const filled = fillTemplate(host, provider.variables, examplesOf(provider));
    return filled.ok ? [filled.text] : [];
  });
}

/** Whether the template goes to whatever server the operator has named, so that nothing can be said about its host. */
export function isOperatorsServer(provider: Provider, template: string): boolean {
  const authority = /^(?:https:\/\/)?([^/]*)/.exec(template)?.[1] ?? "";
  return placeholdersOf(authority).some((name) => {
    const variable = provider.variables[name];
    if (!variable || variable.hosts !== undefined || !isOperatorsChoice(variable)) return false;
    return variable.kind === "host" || variable.kind === "base-url";
  });
}

function examplesOf(provider: Provider): Record<string, string> {
  return Object.fromEntries(Object.entries(provider.variables).map(([name, variable]) => [name, variable.example]));
}
