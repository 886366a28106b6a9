import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

/** An address as bytes: 4 of IPv4, 16 of IPv6. An IPv4 address in IPv6 clothes is that IPv4 address. */
type Bytes = readonly number[];

export interface IpRange {
  readonly bytes: Bytes;
  readonly bits: number;
}

/** Null for what is no address in its usual notation. */
export function readAddress(text: string): Bytes | null {
  if (isIP(text) === 0 || text.includes("%")) return null;
  // `::10.0.0.1` is not 10.0.0.1, which ipaddr.js takes it for.
  if (text.includes(":") && text.includes(".") && !/^::ffff:/i.test(text)) return null;
  return ipaddr.process(text).toByteArray();
}

/** Null for what is no range, or one whose address has bits beyond its prefix: there is no telling what was meant. */
export function readRange(text: string): IpRange | null {
  const [address = "", prefix] = text.split("/");
  if (!readAddress(address)) return null;
  const parsed = ipaddr.parse(address);
  const mapped = parsed instanceof ipaddr.IPv6 && parsed.isIPv4MappedAddress();
  const bytes = ipaddr.process(address).toByteArray();
  const given = prefix === undefined ? bytes.length * 8 : Number(prefix) - (mapped ? 96 : 0);
  if (!(given >= 0 && given <= bytes.length * 8)) return null;
  return bytes.every((byte, at) => (byte & ~maskAt(at, given)) === 0) ? { bytes, bits: given } : null;
}

export function isInRange({ bytes, bits }: IpRange, address: Bytes): boolean {
  if (address.length !== bytes.length) return false;
  for (let at = 0; at * 8 < bits; at++) {
    if (((address[at] ?? 0) & maskAt(at, bits)) !== bytes[at]) return false;
  }
  return true;
}

export function rangeText({ bytes, bits }: IpRange): string {
  return `${ipaddr.fromByteArray([...bytes]).toString()}/${bits}`;
}

function maskAt(at: number, bits: number): number {
  const left = Math.min(8, Math.max(0, bits - at * 8));
  return (0xff << (8 - left)) & 0xff;
}
