import { describe, expect, test } from "vitest";
import { isForbiddenAddress } from "./addresses.ts";

const PUBLIC = [
  "8.8.8.8",
  "1.1.1.1",
  "140.82.112.3",
  "172.32.0.1",
  "100.128.0.1",
  "2606:4700::1111",
  "2a00:1450::200e",
];

const FORBIDDEN: readonly (readonly [string, string])[] = [
  ["0.0.0.0", "unspecified"],
  ["0.1.2.3", "this network"],
  ["10.0.0.1", "private"],
  ["172.16.0.1", "private"],
  ["172.31.255.255", "private"],
  ["192.168.1.1", "private"],
  ["100.64.0.1", "CGNAT"],
  ["100.127.255.254", "CGNAT"],
  ["169.254.0.1", "link-local"],
  ["169.254.169.254", "metadata"],
  ["168.63.129.16", "Azure wire server"],
  ["100.100.100.200", "Alibaba metadata"],
  ["192.0.0.1", "IETF assignments"],
  ["192.0.2.1", "documentation"],
  ["198.51.100.7", "documentation"],
  ["203.0.113.7", "documentation"],
  ["192.88.99.1", "6to4 relay"],
  ["198.18.0.1", "benchmarking"],
  ["198.19.255.255", "benchmarking"],
  ["224.0.0.1", "multicast"],
  ["239.255.255.250", "multicast"],
  ["240.0.0.1", "reserved"],
  ["255.255.255.255", "broadcast"],
  ["::", "unspecified"],
  ["::ffff:127.0.0.1", "mapped loopback"],
  ["::ffff:7f00:1", "mapped loopback in hex"],
  ["::ffff:8.8.8.8", "mapped, whatever it carries"],
  ["::ffff:169.254.169.254", "mapped metadata"],
  ["::127.0.0.1", "compatible loopback"],
  ["::8.8.8.8", "compatible"],
  ["::ffff:0:7f00:1", "translated (RFC 6145)"],
  ["64:ff9b::7f00:1", "NAT64"],
  ["64:ff9b::808:808", "NAT64"],
  ["64:ff9b:1::1", "local NAT64"],
  ["100::1", "discard"],
  ["2001::1", "Teredo"],
  ["2001:2::1", "benchmarking"],
  ["2001:10::1", "ORCHID"],
  ["2001:db8::1", "documentation"],
  ["3fff::1", "documentation"],
  ["2002:7f00:1::", "6to4"],
  ["5f00::1", "segment routing"],
  ["fc00::1", "unique local"],
  ["fd00:ec2::254", "EC2 metadata"],
  ["fe80::1", "link-local"],
  ["fe80::1%eth0", "link-local with a zone"],
  ["2606:4700::1111%eth0", "a zone"],
  ["fec0::1", "site-local"],
  ["ff02::1", "multicast"],
  ["4000::1", "outside of 2000::/3"],
  ["127.1", "short form"],
  ["0177.0.0.1", "octal"],
  ["0x7f000001", "hex"],
  ["2130706433", "decimal"],
  ["8.8.8.8.", "trailing dot"],
  ["", "nothing"],
  ["localhost", "a name"],
];

describe("isForbiddenAddress", () => {
  test.each(PUBLIC)("%s is public", (ip) => {
    expect(isForbiddenAddress(ip, { allowLoopback: false })).toBe(false);
    expect(isForbiddenAddress(ip, { allowLoopback: true })).toBe(false);
  });

  test.each(FORBIDDEN)("%s is refused: %s", (ip) => {
    expect(isForbiddenAddress(ip, { allowLoopback: false })).toBe(true);
    expect(isForbiddenAddress(ip, { allowLoopback: true })).toBe(true);
  });

  test.each(["127.0.0.1", "127.255.255.254", "::1"])("%s only with allowLoopback", (ip) => {
    expect(isForbiddenAddress(ip, { allowLoopback: false })).toBe(true);
    expect(isForbiddenAddress(ip, { allowLoopback: true })).toBe(false);
  });
});
