import { createHash } from "node:crypto";
import type { Failure } from "../../call.ts";
import type { RandomBytes } from "../../random.ts";
import { askedScopes } from "./asked-scopes.ts";
import { authorizeUrl } from "./authorize-url.ts";
import type { Discover } from "./discovery.ts";
import type { Begun, BeginRequest } from "./engine.ts";
import { givenVariables } from "./given-variables.ts";
import { fill, type ProviderClient } from "./provider-client.ts";

interface BeginDeps {
  readonly discover: Discover;
  readonly random: RandomBytes;
}

/** The way out: the address of the provider's consent page, with everything that binds its answer to this attempt. */
export async function begin(
  { discover, random }: BeginDeps,
  client: ProviderClient,
  request: BeginRequest,
): Promise<Begun | Failure> {
  const { provider, config } = client;
  const details = { provider_id: provider.id };
  if (!provider.authorize) {
    const detail = `${provider.name} has no consent page; its grants are made with \`alter-vault providers grant\``;
    return { ok: false, code: "connect_config", detail, details };
  }
  const scopes = askedScopes(client, request.scopes);
  if (!scopes.ok) return scopes;
  const given = givenVariables(client, request.variables);
  if (!given.ok) return given;
  const discovered = await discover(client, given.variables);
  if (!discovered.ok) {
    const code = discovered.transient ? "connect_provider_error" : "connect_config";
    return { ok: false, code, detail: discovered.detail, details };
  }
  const variables = { ...given.variables, ...discovered.issuer?.variables };
  const endpoint = fill(client, provider.authorize.url, variables);
  if (!endpoint.ok) return { ok: false, code: "connect_config", detail: endpoint.detail, details };
  if (provider.authorize.redirect === "registered-name" && config.redirectUri === null) {
    const detail = `${provider.name} wants the name its redirect URL is registered under: set it as the redirect URI`;
    return { ok: false, code: "connect_config", detail, details };
  }

  const verifier = provider.authorize.pkce === "unsupported" ? undefined : random(32).toString("base64url");
  const isOidc = provider.kind === "oidc" || scopes.scopes.includes("openid");
  const nonce = isOidc ? random(16).toString("base64url") : undefined;
  const url = authorizeUrl({
    provider,
    endpoint: endpoint.text,
    clientId: client.clientId,
    redirectUri: config.redirectUri ?? request.callbackUrl,
    scopes: scopes.scopes,
    state: request.state,
    challenge: verifier === undefined ? null : createHash("sha256").update(verifier).digest("base64url"),
    nonce: nonce ?? null,
    loginHint: provider.kind === "oidc" ? (request.loginHint ?? null) : null,
  });
  return { ok: true, url, askedScopes: scopes.scopes, variables, secrets: { verifier, nonce } };
}
