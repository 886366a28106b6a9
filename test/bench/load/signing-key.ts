import { createSecretKey, hkdfSync, type KeyObject } from "node:crypto";
import { parseApiKey, SIGNING_KEY_INFO } from "@alter-vault/protocol";

export interface SigningKey {
  readonly keyId: string;
  readonly key: KeyObject;
}

export function signingKeyOf(apiKey: string): SigningKey {
  const parts = parseApiKey(apiKey);
  if (!parts) throw new TypeError("not an API key");
  const derived = hkdfSync("sha256", parts.secret, "", SIGNING_KEY_INFO, 32);
  return { keyId: parts.id, key: createSecretKey(Buffer.from(derived)) };
}
