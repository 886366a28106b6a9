import type { Keyring } from "../crypto/keyring.ts";
import type { SealContext } from "../crypto/envelope.ts";
import type { IdpRecord } from "../store/identity-records.ts";

/** What is shared with an identity provider. */
export interface IdpSecrets {
  readonly webhook_secret?: string | undefined;
}

export function sealIdpSecrets(keyring: Keyring, appId: string, idpId: string, secrets: IdpSecrets): Promise<Buffer> {
  return keyring.seal(contextOf(appId, idpId), Buffer.from(JSON.stringify(secrets), "utf8"));
}

/** Null when they cannot be opened: tampered with, moved, or their key is missing. */
export function openIdpSecrets(
  keyring: Pick<Keyring, "open">,
  idp: Pick<IdpRecord, "appId" | "id" | "sealedSecrets">,
): IdpSecrets | null {
  const opened = keyring.open(contextOf(idp.appId, idp.id), idp.sealedSecrets);
  if (!opened.ok) return null;
  const secrets = JSON.parse(opened.plain.toString("utf8")) as IdpSecrets;
  opened.plain.fill(0);
  return secrets;
}

function contextOf(appId: string, idpId: string): SealContext {
  return { appId, record: `identity_provider:${idpId}`, field: "secrets" };
}
