import { z } from "zod";

/** Any UUID. The vault makes version 7 for its own records, so that ids sort by the time they were made. */
export const UUID_PATTERN: RegExp = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export const uuid = z.string().regex(UUID_PATTERN, "expected a lower-case UUID");

/** UUIDv7 (RFC 9562) of a time and ten random bytes. */
export function formatUuidV7(atMs: number, random: Uint8Array): string {
  if (random.length < 10) throw new TypeError("formatUuidV7 needs 10 bytes");
  const time = atMs.toString(16).padStart(12, "0");
  const hex = (at: number): string => HEX[random[at] as number] as string;
  const version = HEX[0x70 | ((random[0] as number) & 0x0f)] as string;
  const variant = HEX[0x80 | ((random[2] as number) & 0x3f)] as string;
  return (
    `${time.slice(0, 8)}-${time.slice(8)}-${version}${hex(1)}-${variant}${hex(3)}-` +
    `${hex(4)}${hex(5)}${hex(6)}${hex(7)}${hex(8)}${hex(9)}`
  );
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
