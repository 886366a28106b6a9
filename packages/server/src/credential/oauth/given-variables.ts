import { checkVariable } from "@alter-vault/providers";
import type { Failure } from "../../call.ts";
import { variablesOfUser, type ProviderClient, type Variables } from "./provider-client.ts";

/** Checks what the app or the user gave. Only variables that are the user's to give are taken. */
export function givenVariables(
  { provider, config, allowLoopback }: ProviderClient,
  given: Variables,
): { readonly ok: true; readonly variables: Variables } | Failure {
  const issues: { path: string; message: string }[] = [];
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    const variable = Object.hasOwn(provider.variables, name) ? provider.variables[name] : undefined;
    const path = `variables.${name}`;
    if (variable?.from !== "user") {
      issues.push({ path, message: `${provider.name} takes no such value from a user` });
      continue;
    }
    const checked = checkVariable(variable, value, { allowLoopback });
    if (checked.ok) variables[name] = checked.value;
    else issues.push({ path, message: `${variable.label} ${checked.detail}` });
  }
  for (const name of variablesOfUser(provider)) {
    const variable = provider.variables[name];
    const has = Object.hasOwn(given, name) || Object.hasOwn(config.variables, name) || variable?.default !== undefined;
    if (!has) issues.push({ path: `variables.${name}`, message: `${variable?.label ?? name} is missing` });
  }
  if (issues.length === 0) return { ok: true, variables };
  const detail = issues.map(({ message }) => message).join("; ");
  return { ok: false, code: "invalid_request", detail, details: { provider_id: provider.id, issues } };
}
