import type { SecretMaterial } from "@alter-vault/protocol";
import type { Keyring } from "../crypto/keyring.ts";
import type { SecretRecord } from "../store/store.ts";

/** Step 3, second half: sealing the value of a managed secret, and opening it at the moment it is injected. */
export function sealSecretValue(
  keyring: Keyring,
  appId: string,
  secretId: string,
  material: SecretMaterial,
): Promise<Buffer> {
  return keyring.seal(contextOf(appId, secretId), Buffer.from(JSON.stringify(material), "utf8"));
}

/** Null when it cannot be opened: tampered with, moved, or its key is missing. */
export function openSecretValue(keyring: Keyring, secret: SecretRecord): SecretMaterial | null {
  const opened = keyring.open(contextOf(secret.appId, secret.id), secret.sealedValue);
  if (!opened.ok) return null;
  const material = JSON.parse(opened.plain.toString("utf8")) as SecretMaterial;
  opened.plain.fill(0);
  return material;
}

function contextOf(appId: string, secretId: string): { appId: string; record: string; field: string } {
  return { appId, record: `secret:${secretId}`, field: "value" };
}
