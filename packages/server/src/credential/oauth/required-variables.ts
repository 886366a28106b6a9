import { placeholdersOf, type Provider } from "@alter-vault/providers";

/**
 * The variables that somebody must give before an account can be connected: those without a default that the addresses of
 * the entry cannot do without. A revocation or introspection address may have none: the server then lacks that endpoint.
 */
export function requiredVariables(provider: Provider, from: "operator" | "user"): string[] {
  const { authorize, token, refresh, identity, discovery, api } = provider;
  const templates = [
    authorize?.url,
    authorize?.issuer,
    token.url,
    token.longLived?.url,
    refresh.supported ? refresh.url : undefined,
    identity.call?.url,
    discovery,
    api.baseUrl,
    ...api.hosts,
  ];
  const used = new Set(templates.flatMap((template) => placeholdersOf(template ?? "")));
  return Object.entries(provider.variables)
    .filter(([name, variable]) => variable.from === from && variable.default === undefined && used.has(name))
    .map(([name]) => name);
}
