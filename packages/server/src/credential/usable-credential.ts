import type { Provider } from "@alter-vault/providers";
import type { GrantWithSecret } from "../store/grant-records.ts";
import type { OAuthCredentialRecord } from "../store/oauth-records.ts";
import type { ProviderStore } from "../store/provider-records.ts";
import type { SecretRecord } from "../store/store.ts";
import type { Soon } from "../soon.ts";
import { apiHosts } from "./oauth/api-hosts.ts";
import { findEntry } from "./oauth/catalogue.ts";

/** What a grant opens, still sealed, with all that must be known before it may be. */
export type UsableCredential =
  | { readonly kind: "secret"; readonly secret: SecretRecord; readonly hosts: readonly string[] }
  | {
      readonly kind: "oauth";
      readonly record: OAuthCredentialRecord;
      readonly provider: Provider;
      readonly clientId: string;
      readonly hosts: readonly string[];
    };

/** Null when it is gone, or when nothing says any more which hosts may see it. */
export function usableCredential(
  store: Providers,
  { secret, oauth }: GrantWithSecret,
  options: { readonly allowLoopback: boolean },
): Soon<UsableCredential | null> {
  if (secret) return { kind: "secret", secret, hosts: secret.allowedHosts };
  return oauth && ofAccount(store, oauth, options);
}

type Providers = Pick<ProviderStore, "findProviderConfig" | "findCustomProvider" | "listCustomProviders">;

async function ofAccount(
  store: Providers,
  record: OAuthCredentialRecord,
  options: { readonly allowLoopback: boolean },
): Promise<UsableCredential | null> {
  const provider = await findEntry(store, record.appId, record.provider);
  const config = provider && (await store.findProviderConfig(record.appId, provider.id));
  if (!provider || !config) return null;
  const { clientId } = config;
  const hosts = apiHosts({ provider, config, clientId, ...options }, record.variables);
  return { kind: "oauth", record, provider, clientId, hosts };
}
