import ipaddr from "ipaddr.js";
import type { Scope } from "@alter-vault/protocol";
import type { Failure } from "../call.ts";

/** How far a key reaches: what it may do, from where, how often, until when. Null: without a bound. */
export interface KeyBounds {
  readonly scopes: readonly Scope[];
  readonly cidrs: readonly string[] | null;
  readonly requestsPerMinute: number | null;
  readonly expiresAt: number | null;
}

/** What is not said is as far as the maker reaches. */
export interface KeyBoundsWish {
  readonly scopes: readonly Scope[];
  readonly cidrs?: readonly string[] | undefined;
  readonly requestsPerMinute?: number | undefined;
  readonly expiresAt?: number | undefined;
}

export type BoundsGiven = { readonly ok: true; readonly bounds: KeyBounds } | Failure;

/** Nobody gives away more than they have. Codes: `insufficient_scope`, `key_beyond_its_maker`. */
export function boundsWithin(maker: KeyBounds, wish: KeyBoundsWish): BoundsGiven {
  const beyond = wish.scopes.find((scope) => !maker.scopes.includes(scope));
  if (beyond !== undefined) {
    const detail = `this key lacks ${beyond} and cannot give it`;
    return { ok: false, code: "insufficient_scope", detail, details: { required_scope: beyond } };
  }
  const bounds: KeyBounds = {
    scopes: wish.scopes,
    cidrs: wish.cidrs ?? maker.cidrs,
    requestsPerMinute: wish.requestsPerMinute ?? maker.requestsPerMinute,
    expiresAt: wish.expiresAt ?? maker.expiresAt,
  };
  const { cidrs } = maker;
  if (cidrs !== null && !bounds.cidrs?.every((cidr) => cidrs.some((outer) => contains(outer, cidr)))) {
    return tooFar("be used from other addresses than this key");
  }
  if (isMore(bounds.requestsPerMinute, maker.requestsPerMinute)) return tooFar("be used more often than this key");
  if (isMore(bounds.expiresAt, maker.expiresAt)) return tooFar("live longer than this key");
  return { ok: true, bounds };
}

const isMore = (wished: number | null, most: number | null): boolean =>
  most !== null && (wished === null || wished > most);

function tooFar(what: string): Failure {
  return { ok: false, code: "key_beyond_its_maker", detail: `the new key would ${what}` };
}

function contains(outer: string, inner: string): boolean {
  const [from, bits] = rangeOf(outer);
  const [range, innerBits] = rangeOf(inner);
  return range.kind() === from.kind() && innerBits >= bits && range.match([from, bits]);
}

/** An address alone is a range of one. IPv4 that is written as IPv6 is IPv4, as where calls come from. */
function rangeOf(cidr: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  if (cidr.includes("/")) return ipaddr.parseCIDR(cidr);
  const address = ipaddr.process(cidr);
  return [address, address.kind() === "ipv4" ? 32 : 128];
}
