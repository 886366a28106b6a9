import { z } from "zod";

/** Any UUID. The vault makes version 7 for its own records, so that ids sort by the time they were made. */
export const UUID_PATTERN: RegExp = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export const uuid = z.string().regex(UUID_PATTERN, "expected a lower-case UUID");

/** UUIDv7 (RFC 9562) of a time and ten random bytes. */
export function formatUuidV7(atMs: number, random: Uint8Array): string {
  if (random.length < 10) throw new TypeError("formatUuidV7 needs 10 bytes");
  const bytes = new Uint8Array(16);
  let time = atMs;
  for (let i = 5; i >= 0; i--) {
    bytes[i] = time % 256;
    time = Math.floor(time / 256);
  }
  bytes.set(random.subarray(0, 10), 6);
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  let hex = "";
  for (const byte of bytes) hex += byte.toString(16).padStart(2, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
