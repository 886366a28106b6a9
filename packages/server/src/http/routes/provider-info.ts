import type { ProviderInfo } from "@alter-vault/protocol";
import type { Provider } from "@alter-vault/providers";
import { isCustomEntry } from "../../credential/oauth/catalogue.ts";
import { requiredVariables } from "../../credential/oauth/required-variables.ts";

/** An entry as it is shown to an app. */
export function showProvider(provider: Provider, configured: boolean): ProviderInfo {
  return {
    provider_id: provider.id,
    name: provider.name,
    description: provider.description,
    category: provider.category,
    kind: provider.kind,
    status: provider.status,
    source: isCustomEntry(provider) ? "custom" : "catalogue",
    verified: provider.verified,
    verified_on: provider.verifiedOn,
    configured,
    variables: showVariables(provider),
    scopes: provider.scopes.map(({ id, description, access, sensitive }) => ({ id, description, access, sensitive })),
    operations: provider.operations.map(({ id, summary, method, path, access, graphql }) => ({
      id,
      summary,
      method,
      path,
      access,
      ...(graphql === undefined ? {} : { graphql }),
    })),
    api_base_url: provider.api.baseUrl,
    api_hosts: provider.api.hosts,
    docs_url: provider.docs.oauth,
    console_url: provider.docs.console ?? null,
    notes: provider.notes,
  };
}

function showVariables(provider: Provider): ProviderInfo["variables"] {
  const required = new Set([...requiredVariables(provider, "operator"), ...requiredVariables(provider, "user")]);
  return Object.entries(provider.variables).map(([name, variable]) => ({
    name,
    label: variable.label,
    ...(variable.description === undefined ? {} : { description: variable.description }),
    from: variable.from,
    required: required.has(name),
    ...(variable.default === undefined ? {} : { default: variable.default }),
    ...(variable.values === undefined ? {} : { values: variable.values }),
    example: variable.example,
  }));
}
