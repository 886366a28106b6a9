import { checkVariable, fillTemplate, placeholdersOf, type Provider } from "@alter-vault/providers";
import type { Failure } from "../../call.ts";
import type { Keyring } from "../../crypto/keyring.ts";
import type { ProviderConfigRecord, ProviderStore } from "../../store/provider-records.ts";
import { findEntry } from "./catalogue.ts";
import { openClientSecret, type ClientSecret } from "./client-secret.ts";

/** An app at a provider: the entry, how the app is known there, and its secrets, opened. Lives as long as one exchange. */
export interface ProviderClient {
  readonly appId: string;
  readonly provider: Provider;
  readonly config: ProviderConfigRecord;
  readonly clientId: string;
  readonly secrets: ClientSecret;
  readonly allowLoopback: boolean;
}

interface ClientDeps {
  readonly store: ProviderStore;
  readonly keyring: Keyring;
  readonly allowLoopback: boolean;
}

/** Codes: `provider_not_found`, `provider_not_configured`, `credential_unreadable`. */
export async function openProviderClient(
  { store, keyring, allowLoopback }: ClientDeps,
  appId: string,
  providerId: string,
): Promise<{ readonly ok: true; readonly client: ProviderClient } | Failure> {
  const provider = await findEntry(store, appId, providerId);
  if (!provider) {
    return {
      ok: false,
      code: "provider_not_found",
      detail: `there is no provider ${providerId}`,
      details: { provider_id: providerId },
    };
  }
  const config = await store.findProviderConfig(appId, provider.id);
  const details = { provider_id: provider.id };
  if (!config) {
    return { ok: false, code: "provider_not_configured", detail: `${provider.name} has no client id yet`, details };
  }
  const secrets = openClientSecret(keyring, config);
  if (!secrets) return { ok: false, code: "credential_unreadable", detail: "the client secret does not open", details };
  return { ok: true, client: { appId, provider, config, clientId: config.clientId, secrets, allowLoopback } };
}

export type Variables = Readonly<Record<string, string>>;

/** A URL or host of the entry with its variables filled in; those of the configuration win over all others. */
export function fill(
  {
    provider,
    config,
    clientId,
    allowLoopback,
  }: Pick<ProviderClient, "provider" | "config" | "clientId" | "allowLoopback">,
  template: string,
  variables: Variables,
):
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly missing: boolean; readonly detail: string } {
  const filled = fillTemplate(template, provider.variables, { ...variables, ...config.variables }, clientId, {
    allowLoopback,
  });
  return filled.ok ? filled : { ok: false, missing: filled.code === "missing", detail: filled.detail };
}

/** Variables of the entry that `from` gives, read and checked. What is not there is left out; what is wrong is an error. */
export function captureVariables(
  { provider, allowLoopback }: ProviderClient,
  from: "callback" | "token" | "identity" | "discovery",
  read: (at: string) => string | undefined,
): { readonly ok: true; readonly variables: Variables } | { readonly ok: false; readonly detail: string } {
  const variables: Record<string, string> = {};
  for (const [name, variable] of Object.entries(provider.variables)) {
    if (variable.from !== from || variable.at === undefined) continue;
    const value = read(variable.at);
    if (value === undefined) continue;
    const checked = checkVariable(variable, value, { allowLoopback });
    if (!checked.ok) return { ok: false, detail: `${variable.label} of the answer ${checked.detail}` };
    variables[name] = checked.value;
  }
  return { ok: true, variables };
}

/** What the user must give before they can be sent to the provider: the variables its addresses cannot do without. */
export function variablesOfUser(provider: Provider): readonly string[] {
  const templates = [provider.authorize?.url ?? "", provider.token.url, ...provider.api.hosts];
  const used = new Set(templates.flatMap(placeholdersOf));
  return Object.entries(provider.variables)
    .filter(([name, variable]) => variable.from === "user" && used.has(name))
    .map(([name]) => name);
}
