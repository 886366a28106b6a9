import { textAt } from "@alter-vault/providers";
import { urlOf, type Registration } from "./registration.ts";

const WELL_KNOWN = "/.well-known/openid-configuration";

/** What `iss` of this provider says: of discovery, where there is one. */
export function issuerOf(registration: Registration): string {
  const { provider } = registration;
  const discovery = urlOf(registration, provider.discovery);
  if (discovery) return discovery.href.replace(WELL_KNOWN, "");
  return (
    textAt(provider.fixtures.identity?.json, "/iss") ?? urlOf(registration, provider.token.url)?.origin ?? "unknown"
  );
}

/** OpenID Connect Discovery. Variables that come from discovery are told here as they are. */
export function discoveryDocument(registration: Registration): Record<string, unknown> {
  const { provider, variables } = registration;
  const revocation = provider.revoke.style === "rfc7009" ? provider.revoke.url : undefined;
  const document: Record<string, unknown> = {
    issuer: issuerOf(registration),
    authorization_endpoint: urlOf(registration, provider.authorize?.url)?.href,
    token_endpoint: urlOf(registration, provider.token.url)?.href,
    revocation_endpoint: urlOf(registration, revocation)?.href,
    introspection_endpoint: urlOf(registration, provider.introspect?.url)?.href,
    jwks_uri: jwksUrlOf(registration)?.href,
    response_types_supported: ["code"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
    code_challenge_methods_supported: ["S256"],
  };
  for (const [name, { from, at }] of Object.entries(provider.variables)) {
    if (from === "discovery" && at !== undefined) document[at.slice(1)] = variables[name];
  }
  return document;
}

export function jwksUrlOf(registration: Registration): URL | null {
  const discovery = urlOf(registration, registration.provider.discovery);
  return discovery && new URL(discovery.href.replace(WELL_KNOWN, "/fake-keys"));
}
