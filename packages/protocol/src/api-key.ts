/**
 * An API key is `alter_key_<id>_<secret>`: a public id of 16 characters and a secret of 49, of which the last six are a
 * checksum. The checksum lets a secret scanner, or a person with a truncated paste, tell a real key from noise without
 * asking anybody. Only the id and things derived from the secret ever travel.
 */
export interface ApiKeyParts {
  readonly id: string;
  readonly secret: string;
}

const ID_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz";
const SECRET_ALPHABET = `${ID_ALPHABET}ABCDEFGHIJKLMNOPQRSTUVWXYZ`;
const ID_LENGTH = 16;
const RANDOM_LENGTH = 43;
const CHECKSUM_LENGTH = 6;

export const API_KEY_PATTERN: RegExp = /^alter_key_([0-9a-z]{16})_([0-9A-Za-z]{49})$/;

/** Random bytes to draw for one key: two per character, so that the modulo bias stays below one part in a thousand. */
export const API_KEY_RANDOM_BYTES: number = (ID_LENGTH + RANDOM_LENGTH) * 2;

/** Makes a key out of {@link API_KEY_RANDOM_BYTES} random bytes. */
export function formatApiKey(random: Uint8Array): string {
  if (random.length < API_KEY_RANDOM_BYTES) throw new TypeError(`formatApiKey needs ${API_KEY_RANDOM_BYTES} bytes`);
  const pick = (alphabet: string, from: number, count: number): string => {
    let text = "";
    for (let i = from; i < from + count; i++) {
      const word = ((random[2 * i] ?? 0) << 8) | (random[2 * i + 1] ?? 0);
      text += alphabet[word % alphabet.length];
    }
    return text;
  };
  const id = pick(ID_ALPHABET, 0, ID_LENGTH);
  const body = pick(SECRET_ALPHABET, ID_LENGTH, RANDOM_LENGTH);
  return `alter_key_${id}_${body}${checksum(id, body)}`;
}

/** Splits a key, or returns null when it is not one: wrong form or wrong checksum. */
export function parseApiKey(text: string): ApiKeyParts | null {
  const match = API_KEY_PATTERN.exec(text);
  if (!match) return null;
  const [, id = "", secret = ""] = match;
  const body = secret.slice(0, RANDOM_LENGTH);
  return checksum(id, body) === secret.slice(RANDOM_LENGTH) ? { id, secret } : null;
}

function checksum(id: string, body: string): string {
  let value = crc32(`${id}_${body}`);
  let text = "";
  for (let i = 0; i < CHECKSUM_LENGTH; i++) {
    text = SECRET_ALPHABET.charAt(value % SECRET_ALPHABET.length) + text;
    value = Math.floor(value / SECRET_ALPHABET.length);
  }
  return text;
}

function crc32(text: string): number {
  let crc = 0xffffffff;
  for (let i = 0; i < text.length; i++) {
    crc ^= text.charCodeAt(i);
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
