import { SIGNING_KEY_INFO, type ApiKeyParts } from "@alter-vault/protocol";

/** What signs a call: the public id of the key, and the HMAC over a signature base. */
export interface Signer {
  readonly keyId: string;
  sign(base: string): Promise<Uint8Array>;
}

/**
 * The signer of an API key. The signing key is derived from the secret once, cannot be exported again, and nothing
 * here keeps the secret itself.
 */
export function createSigner({ id, secret }: ApiKeyParts): Signer {
  const key = deriveSigningKey(secret);
  return {
    keyId: id,
    sign: async (base) => new Uint8Array(await crypto.subtle.sign("HMAC", await key, encoder.encode(base))),
  };
}

const encoder = new TextEncoder();

async function deriveSigningKey(secret: string): Promise<CryptoKey> {
  const material = await crypto.subtle.importKey("raw", encoder.encode(secret), "HKDF", false, ["deriveKey"]);
  const hkdf = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: encoder.encode(SIGNING_KEY_INFO) };
  return crypto.subtle.deriveKey(hkdf, material, { name: "HMAC", hash: "SHA-256", length: 256 }, false, ["sign"]);
}
