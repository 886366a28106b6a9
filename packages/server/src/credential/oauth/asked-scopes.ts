import type { Failure } from "../../call.ts";
import type { ProviderClient } from "./provider-client.ts";

/** What to ask the provider for: what is wished, or the configured defaults, and what the entry always needs. */
export function askedScopes(
  { provider, config }: ProviderClient,
  wished: readonly string[] | undefined,
): { readonly ok: true; readonly scopes: readonly string[] } | Failure {
  const scopes = wished ?? config.defaultScopes;
  const { allowedScopes } = config;
  const refused = allowedScopes === null ? [] : scopes.filter((scope) => !allowedScopes.includes(scope));
  if (refused.length > 0) {
    const details = { provider_id: provider.id };
    const detail = `not allowed for ${provider.name}: ${refused.join(", ")}`;
    return { ok: false, code: "provider_scope_not_allowed", detail, details };
  }
  return { ok: true, scopes: [...new Set([...(provider.authorize?.alwaysScopes ?? []), ...scopes])] };
}
