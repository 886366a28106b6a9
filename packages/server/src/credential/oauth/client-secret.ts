import type { Keyring } from "../../crypto/keyring.ts";
import type { SealContext } from "../../crypto/envelope.ts";
import type { ProviderConfigRecord } from "../../store/provider-records.ts";

/** What an app proves itself with at a provider. Empty for a public client. */
export interface ClientSecret {
  readonly client_secret?: string | undefined;
  /** PEM. */
  readonly private_key?: string | undefined;
  readonly private_key_id?: string | undefined;
}

/** For the configuration of that id: it opens in no other. */
export function sealClientSecret(
  keyring: Keyring,
  appId: string,
  configId: string,
  client: ClientSecret,
): Promise<Buffer> {
  return keyring.seal(contextOf(appId, configId), Buffer.from(JSON.stringify(client), "utf8"));
}

/** Null when it cannot be opened: tampered with, moved, or its key is missing. */
export function openClientSecret(
  keyring: Pick<Keyring, "open">,
  config: Pick<ProviderConfigRecord, "appId" | "id" | "sealedClient">,
): ClientSecret | null {
  const opened = keyring.open(contextOf(config.appId, config.id), config.sealedClient);
  if (!opened.ok) return null;
  const client = JSON.parse(opened.plain.toString("utf8")) as ClientSecret;
  opened.plain.fill(0);
  return client;
}

function contextOf(appId: string, configId: string): SealContext {
  return { appId, record: `provider_config:${configId}`, field: "client" };
}
