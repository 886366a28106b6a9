import type { ProviderConfig } from "@alter-vault/protocol";
import type { Provider } from "@alter-vault/providers";
import type { Failure } from "../../call.ts";
import { toTimestamp } from "../../clock.ts";
import { findEntry } from "../../credential/oauth/catalogue.ts";
import { openClientSecret, sealClientSecret, type ClientSecret } from "../../credential/oauth/client-secret.ts";
import type { ProviderConfigRecord } from "../../store/provider-records.ts";
import { checkProviderConfig, type ConfigBody } from "./check-provider-config.ts";
import { providerNotFound } from "./providers.ts";
import { reads, type RouteHandlers } from "./route-handler.ts";
import type { RouteDeps } from "./routes.ts";

type Ids = "getProviderConfig" | "putProviderConfig" | "deleteProviderConfig";

/** How the acting app is known at providers. Secrets go in and never come out. */
export function providerConfigRoutes(deps: RouteDeps): RouteHandlers<Ids> {
  const { store, keyring, allowLoopback } = deps;
  const show = (config: ProviderConfigRecord): ProviderConfig => ({
    provider_id: config.provider,
    app_id: config.appId,
    client_id: config.clientId,
    has_client_secret: config.hasClientSecret,
    has_private_key: config.hasPrivateKey,
    variables: { ...config.variables },
    allowed_scopes: config.allowedScopes === null ? null : [...config.allowedScopes],
    default_scopes: [...config.defaultScopes],
    redirect_uri: config.redirectUri ?? deps.callbackUrl(),
    // Was JSON when it came.
    grant_schema: config.grantSchema as ProviderConfig["grant_schema"],
    created_at: toTimestamp(config.createdAt),
    updated_at: toTimestamp(config.updatedAt),
  });

  return {
    getProviderConfig: ({ caller, id }) =>
      reads(async () => {
        const provider = await findEntry(store, caller.appId, id);
        if (!provider) return providerNotFound(id);
        const config = await store.findProviderConfig(caller.appId, provider.id);
        return config ? show(config) : notConfigured(provider);
      }),

    putProviderConfig: async ({ caller, id, body }) => {
      const provider = await findEntry(store, caller.appId, id);
      if (!provider) return providerNotFound(id);
      const stored = await store.findProviderConfig(caller.appId, provider.id);
      const checked = checkProviderConfig(provider, body, stored, allowLoopback);
      if (!checked.ok) return checked;
      return {
        ok: true,
        facts: { provider: provider.id },
        run: async () => {
          const before = stored && keptSecrets(keyring, stored, body);
          if (before && !before.ok) return before;
          const client = mergeSecrets(before?.secrets ?? {}, body);
          const config = await putConfig(deps, caller.appId, provider.id, stored, client, {
            ...body,
            variables: checked.variables,
          });
          return { ok: true, body: show(config) };
        },
      };
    },

    deleteProviderConfig: async ({ caller, id }) => {
      // An entry that was removed may have left its configuration behind.
      const providerId = (await findEntry(store, caller.appId, id))?.id ?? id;
      return {
        ok: true,
        facts: { provider: providerId },
        run: async () => {
          const config = await store.deleteProviderConfig(caller.appId, providerId);
          if (config) return { ok: true, body: show(config) };
          const provider = await findEntry(store, caller.appId, id);
          return provider ? notConfigured(provider) : providerNotFound(id);
        },
      };
    },
  };
}

function notConfigured({ id, name }: Provider): Failure {
  return {
    ok: false,
    code: "provider_not_configured",
    detail: `${name} is not configured for this app`,
    details: { provider_id: id },
  };
}

/** What is stored, when a part of it stays. Damaged secrets can be replaced by giving all of them anew. */
function keptSecrets(
  keyring: RouteDeps["keyring"],
  stored: ProviderConfigRecord,
  body: ConfigBody,
): { readonly ok: true; readonly secrets: ClientSecret } | Failure {
  const keepsSecret = stored.hasClientSecret && body.client_secret === undefined;
  const keepsKey = stored.hasPrivateKey && body.private_key === undefined;
  if (!keepsSecret && !keepsKey) return { ok: true, secrets: {} };
  const secrets = openClientSecret(keyring, stored);
  if (secrets) return { ok: true, secrets };
  return { ok: false, code: "credential_unreadable", detail: "the stored client secret does not open; give it again" };
}

/** A key takes its id along: a new key without an id has none. */
function mergeSecrets(before: ClientSecret, body: ConfigBody): ClientSecret {
  const keyId = body.private_key_id ?? (body.private_key === undefined ? before.private_key_id : undefined);
  return {
    client_secret: body.client_secret ?? before.client_secret,
    private_key: body.private_key ?? before.private_key,
    private_key_id: keyId,
  };
}

async function putConfig(
  { store, keyring, clock, newId }: RouteDeps,
  appId: string,
  provider: string,
  stored: ProviderConfigRecord | null,
  client: ClientSecret,
  body: ConfigBody,
): Promise<ProviderConfigRecord> {
  const now = clock.now();
  let id = stored?.id ?? newId();
  for (;;) {
    const config = await store.putProviderConfig({
      id,
      appId,
      provider,
      clientId: body.client_id,
      sealedClient: await sealClientSecret(keyring, appId, id, client),
      hasClientSecret: client.client_secret !== undefined,
      hasPrivateKey: client.private_key !== undefined,
      variables: body.variables,
      allowedScopes: body.allowed_scopes,
      defaultScopes: body.default_scopes,
      redirectUri: body.redirect_uri ?? null,
      grantSchema: body.grant_schema,
      createdAt: now,
      updatedAt: now,
    });
    if (config.id === id) return config;
    // Somebody else configured it in the meantime, and its id stays: the secrets must be sealed for that one.
    id = config.id;
  }
}
