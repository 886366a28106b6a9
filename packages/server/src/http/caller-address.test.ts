import { expect, test } from "vitest";
import { readRange, type IpRange } from "../policy/conditions/ip-range.ts";
import { callerAddress, type Proxies } from "./caller-address.ts";

const ranges = (...texts: string[]): IpRange[] => texts.flatMap((text) => readRange(text) ?? []);
const from = (peer: string | undefined, forwarded: string | string[] | undefined, proxies: Proxies): string | null =>
  callerAddress(
    {
      headers: forwarded === undefined ? {} : { "x-forwarded-for": forwarded as string },
      socket: { remoteAddress: peer },
    },
    proxies,
  );

const LISTED = ranges("10.0.0.0/8", "2001:db8:1::/48");

test.each<[string, string | undefined, string | undefined, Proxies, string | null]>([
  ["no proxy: the header is anybody's", "192.0.2.1", "203.0.113.9", null, "192.0.2.1"],
  ["no proxy, no header", "192.0.2.1", undefined, null, "192.0.2.1"],
  ["a socket that is gone", undefined, "203.0.113.9", LISTED, null],
  ["a peer that is no proxy", "192.0.2.1", "203.0.113.9", LISTED, "192.0.2.1"],
  ["one proxy", "10.0.0.1", "203.0.113.9", LISTED, "203.0.113.9"],
  ["what the caller wrote is not looked at", "10.0.0.1", "1.2.3.4, 203.0.113.9", LISTED, "203.0.113.9"],
  ["nor when it looks like a proxy", "10.0.0.1", "10.0.0.9, 203.0.113.9", LISTED, "203.0.113.9"],
  ["nor when it cannot be read", "10.0.0.1", "unknown, <script>, 203.0.113.9", LISTED, "203.0.113.9"],
  ["two proxies", "10.0.0.1", "1.2.3.4, 203.0.113.9, 10.0.0.2", LISTED, "203.0.113.9"],
  ["three, of both kinds", "2001:db8:1::1", "203.0.113.9,10.0.0.2, 2001:db8:1::2", LISTED, "203.0.113.9"],
  ["a proxy that is not on the list is the caller", "10.0.0.1", "203.0.113.9, 192.0.2.7", LISTED, "192.0.2.7"],
  ["a caller within the ranges", "10.0.0.1", "10.0.0.77", LISTED, "10.0.0.77"],
  ["a peer in IPv6 clothes", "::ffff:10.0.0.1", "203.0.113.9", LISTED, "203.0.113.9"],
  ["a hop in IPv6 clothes", "10.0.0.1", "203.0.113.9, ::ffff:10.0.0.2", LISTED, "203.0.113.9"],
  ["a caller in IPv6 clothes", "10.0.0.1", "::ffff:203.0.113.9", LISTED, "::ffff:203.0.113.9"],
  ["an address that only ends like one", "10.0.0.1", "203.0.113.9, ::10.0.0.2", LISTED, null],
  ["IPv6", "10.0.0.1", "2001:db8::7", LISTED, "2001:db8::7"],
  ["IPv6 in brackets, with a port", "10.0.0.1", "[2001:db8::7]:4711", LISTED, "2001:db8::7"],
  ["IPv4 with a port", "10.0.0.1", "203.0.113.9:4711", LISTED, "203.0.113.9"],
  ["no header", "10.0.0.1", undefined, LISTED, null],
  ["an empty one", "10.0.0.1", "", LISTED, null],
  ["one that ends empty", "10.0.0.1", "203.0.113.9,", LISTED, null],
  ["no address", "10.0.0.1", "unknown", LISTED, null],
  ["a name", "10.0.0.1", "client.example.com", LISTED, null],
  ["an address in another notation", "10.0.0.1", "0xcb.0.113.9", LISTED, null],
  ["an address with leading zeros", "10.0.0.1", "203.000.113.009", LISTED, null],
  ["a zone", "10.0.0.1", "fe80::1%eth0", LISTED, null],
  ["something that cannot be read behind a proxy", "10.0.0.1", "203.0.113.9, x, 10.0.0.2", LISTED, null],
  ["an empty list trusts nobody", "10.0.0.1", "203.0.113.9", [], "10.0.0.1"],
  ["nearest: whoever connects is the proxy", "192.0.2.1", "1.2.3.4, 203.0.113.9", "nearest", "203.0.113.9"],
  ["nearest: one hop and no more", "192.0.2.1", "203.0.113.9, 10.0.0.2", "nearest", "10.0.0.2"],
  ["nearest, and it does not say", "192.0.2.1", undefined, "nearest", null],
  ["nearest, and it says nothing", "192.0.2.1", "unknown", "nearest", null],
])("%s", (_name, peer, forwarded, proxies, expected) => {
  expect(from(peer, forwarded, proxies)).toBe(expected);
});

test("a header that comes twice is one list", () => {
  expect(from("10.0.0.1", ["1.2.3.4", "203.0.113.9, 10.0.0.2"], LISTED)).toBe("203.0.113.9");
});
