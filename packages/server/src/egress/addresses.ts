import { isIP, isIPv4 } from "node:net";
import ipaddr from "ipaddr.js";

/** Public by their range, and yet never a provider: services that clouds put on ordinary addresses. */
const CLOUD_INTERNAL: ReadonlySet<string> = new Set([
  "168.63.129.16", // Azure: DNS, DHCP, host agent
  "100.100.100.200", // Alibaba metadata; CGNAT anyway
  "169.254.169.254", // metadata of most clouds; link-local anyway
  "fd00:ec2::254", // EC2 metadata over IPv6; unique-local anyway
]);

const GLOBAL_UNICAST_V6: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse("2000::"), 3];

/**
 * Whether the vault must not connect to an address. Only global unicast passes: everything with a special purpose is
 * refused, and so are all the forms that carry an IPv4 address inside an IPv6 one (mapped, compatible, 6to4, NAT64,
 * Teredo), whatever they carry. Text that is not a canonical IP address is refused too.
 *
 * `allowLoopback` lets 127.0.0.0/8 and ::1 pass: the operator's switch for development.
 */
export function isForbiddenAddress(ip: string, options: { readonly allowLoopback: boolean }): boolean {
  // ipaddr.js reads octal, hex and short forms; isIP does not.
  if (isIP(ip) === 0 || ip.includes("%")) return true;
  if (isLoopbackAddress(ip)) return !options.allowLoopback;
  const address = ipaddr.parse(ip);
  if (address.range() !== "unicast" || CLOUD_INTERNAL.has(address.toString())) return true;
  return address.kind() === "ipv6" && !address.match(GLOBAL_UNICAST_V6);
}

/** Whether an address, or the host of a URL, is a loopback address in its canonical notation. */
export function isLoopbackAddress(host: string): boolean {
  return host === "[::1]" || host === "::1" || (host.startsWith("127.") && isIPv4(host));
}

/** The host of a URL without the brackets of an IPv6 literal. */
export function bareAddress(hostname: string): string {
  return hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
}
