import { hkdfSync } from "node:crypto";
import { API_KEY_RANDOM_BYTES, formatApiKey, parseApiKey, SIGNING_KEY_INFO, type Scope } from "@alter-vault/protocol";
import type { Clock } from "../clock.ts";
import { hmacKey, type HmacKey } from "../crypto/hmac.ts";
import type { Keyring } from "../crypto/keyring.ts";
import type { RandomBytes } from "../random.ts";
import type { ApiKeyRecord, ApiKeyStore } from "../store/store.ts";

/** Making API keys, and opening the signing keys that are derived from them. */
interface CreateDeps {
  readonly store: ApiKeyStore;
  readonly keyring: Keyring;
  readonly clock: Clock;
  readonly random: RandomBytes;
}

interface NewApiKey {
  readonly appId: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly agentId?: string | undefined;
  readonly cidrs?: readonly string[] | null;
  readonly requestsPerMinute?: number | null;
  readonly expiresAt?: number | null;
}

/** The key itself is in the answer and nowhere else: what is stored is the sealed signing key that is derived from it. */
export async function createApiKey(
  { store, keyring, clock, random }: CreateDeps,
  { appId, name, scopes, agentId, cidrs, requestsPerMinute, expiresAt }: NewApiKey,
): Promise<{ apiKey: string; record: ApiKeyRecord }> {
  const apiKey = formatApiKey(random(API_KEY_RANDOM_BYTES));
  const parts = parseApiKey(apiKey);
  if (!parts) throw new Error("a new API key does not parse");
  const createdAt = clock.now();
  const record: ApiKeyRecord = {
    id: parts.id,
    appId,
    name,
    scopes,
    sealedSigningKey: await keyring.seal(signingKeyContext(appId, parts.id), deriveSigningKey(parts.secret)),
    agentId: agentId ?? null,
    cidrs: cidrs ?? null,
    requestsPerMinute: requestsPerMinute ?? null,
    createdAt,
    deprecatedAt: null,
    expiresAt: expiresAt ?? null,
    revokedAt: null,
  };
  await store.insertApiKey(record);
  return { apiKey, record };
}

/** HKDF-SHA256 of the secret part of an API key (docs/wire.md). */
export function deriveSigningKey(secret: string): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, "", SIGNING_KEY_INFO, 32));
}

export type OpenSigningKey = (record: ApiKeyRecord) => HmacKey | null;

/**
 * Opens signing keys and remembers them by what they were sealed as. The record is read anew for every call, so a revoked
 * key is noticed at once; only the work of opening is saved.
 */
export function createSigningKeyOpener(keyring: Keyring, most = 10_000): OpenSigningKey {
  const opened = new Map<string, { sealed: Uint8Array; key: HmacKey }>();
  return (record) => {
    const known = opened.get(record.id);
    if (known && isSame(known.sealed, record.sealedSigningKey)) return known.key;
    const result = keyring.open(signingKeyContext(record.appId, record.id), record.sealedSigningKey);
    if (!result.ok) return null;
    const key = hmacKey(result.plain);
    result.plain.fill(0);
    if (opened.size >= most) opened.clear();
    opened.set(record.id, { sealed: record.sealedSigningKey, key });
    return key;
  };
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one === other || Buffer.compare(one, other) === 0;
}

function signingKeyContext(appId: string, keyId: string): { appId: string; record: string; field: string } {
  return { appId, record: `api_key:${keyId}`, field: "signing_key" };
}
