import { createCipheriv, createDecipheriv, type KeyObject } from "node:crypto";
import type { RandomBytes } from "../random.ts";

/**
 * The form of every secret at rest. AES-256-GCM with a random 96-bit IV under a data key; what the ciphertext belongs to
 * is authenticated with it, so a sealed value cannot be moved to another app, record or field.
 *
 *   byte  0       whose key: 1 an app's (or the vault's own), 2 one user's
 *   bytes 1–16    id of the data key (a UUID)
 *   bytes 17–28   IV
 *   bytes 29–     ciphertext
 *   last 16       tag
 *
 * Pure: the key and the randomness are handed in. Opening never returns a byte before the tag is checked.
 */
export interface SealContext {
  /** The app the value belongs to, or "" for the vault's own. */
  readonly appId: string;
  /** Kind and id of the record, as in "secret:<id>". */
  readonly record: string;
  readonly field: string;
}

export interface DataKey {
  readonly id: string;
  readonly key: KeyObject;
  readonly of: keyof typeof VERSIONS;
}

export type Opened =
  | { readonly ok: true; readonly plain: Buffer }
  | { readonly ok: false; readonly reason: "truncated" | "unknown_version" | "unknown_key" | "tampered" };

/** The first byte says in which table the key is found; it is authenticated, too. */
const VERSIONS = { app: 1, user: 2 } as const;
const KEY_ID = 1;
const IV = 17;
const BODY = 29;
const TAG_LENGTH = 16;
const TAG_OPTIONS = { authTagLength: TAG_LENGTH };

export function seal(dataKey: DataKey, plain: Uint8Array, context: SealContext, random: RandomBytes): Buffer {
  const iv = random(12);
  const cipher = createCipheriv("aes-256-gcm", dataKey.key, iv, TAG_OPTIONS);
  const version = VERSIONS[dataKey.of];
  cipher.setAAD(authenticated(version, dataKey.id, context));
  const head = Buffer.alloc(BODY);
  head[0] = version;
  head.write(dataKey.id.replaceAll("-", ""), KEY_ID, "hex");
  iv.copy(head, IV);
  return Buffer.concat([head, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

export function open(findKey: (id: string) => KeyObject | undefined, sealed: Uint8Array, context: SealContext): Opened {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  if (bytes.length < BODY + TAG_LENGTH) return { ok: false, reason: "truncated" };
  const version = bytes[0];
  if (version !== VERSIONS.app && version !== VERSIONS.user) return { ok: false, reason: "unknown_version" };
  const keyId = sealedWith(bytes);
  const key = findKey(keyId);
  if (!key) return { ok: false, reason: "unknown_key" };
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(IV, BODY), TAG_OPTIONS);
  decipher.setAAD(authenticated(version, keyId, context));
  decipher.setAuthTag(bytes.subarray(bytes.length - TAG_LENGTH));
  const plain = decipher.update(bytes.subarray(BODY, bytes.length - TAG_LENGTH));
  try {
    decipher.final();
  } catch {
    plain.fill(0);
    return { ok: false, reason: "tampered" };
  }
  return { ok: true, plain };
}

/** The id of the key of something that may be a value sealed with such a key. Null: it is none. */
export function keyOf(bytes: Uint8Array, of: DataKey["of"]): string | null {
  return bytes[0] === VERSIONS[of] && bytes.length >= BODY + TAG_LENGTH ? sealedWith(bytes) : null;
}

/** The id of the data key a value is sealed with. */
export function sealedWith(sealed: Uint8Array): string {
  const hex = Buffer.from(sealed.buffer, sealed.byteOffset + KEY_ID, 16).toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** NUL separates the parts: none of them can hold one, so two contexts never make the same bytes. */
function authenticated(version: number, keyId: string, { appId, record, field }: SealContext): Buffer {
  return Buffer.from(`alter-vault/${version}\0${keyId}\0${appId}\0${record}\0${field}`, "utf8");
}
