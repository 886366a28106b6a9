import ipaddr from "ipaddr.js";
import type { Failure } from "../call.ts";
import type { ApiKeyRecord } from "../store/store.ts";

/** What a key is bound to beside its scopes: addresses, and how often it may be used. */
export interface KeyRates {
  /** Counts one use. Null: there was room; else in how many milliseconds there is again. */
  take(keyId: string, perMinute: number, now: number): number | null;
}

export function checkKeyUse(
  rates: KeyRates,
  key: ApiKeyRecord,
  address: string | null,
  now: number,
): { readonly ok: true } | Failure {
  if (key.cidrs !== null && !isWithin(address, key.cidrs)) {
    return { ok: false, code: "key_address_not_allowed", detail: "the key may not be used from this address" };
  }
  if (key.requestsPerMinute === null) return { ok: true };
  const wait = rates.take(key.id, key.requestsPerMinute, now);
  if (wait === null) return { ok: true };
  const seconds = Math.ceil(wait / 1000);
  const detail = `the key is limited to ${key.requestsPerMinute} requests a minute`;
  return { ok: false, code: "rate_limited", detail, details: { retry_after_seconds: seconds } };
}

/** IPv4 addresses that come as IPv6 count as IPv4. An address nobody knows is within nothing. */
function isWithin(address: string | null, cidrs: readonly string[]): boolean {
  if (address === null || !ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  return cidrs.some((text) => {
    if (!text.includes("/")) return ipaddr.isValid(text) && ipaddr.process(text).toString() === parsed.toString();
    if (!ipaddr.isValidCIDR(text)) return false;
    const [range, bits] = ipaddr.parseCIDR(text);
    return range.kind() === parsed.kind() && parsed.match([range, bits]);
  });
}

const MINUTE = 60_000;
const MOST_KEYS = 100_000;

/** Sliding windows of one minute, in the memory of this process. */
export function createKeyRates(): KeyRates {
  const windows = new Map<string, number[]>();
  return {
    take(keyId, perMinute, now) {
      const uses = (windows.get(keyId) ?? []).filter((at) => at > now - MINUTE);
      const [oldest] = uses;
      if (uses.length >= perMinute && oldest !== undefined) {
        windows.set(keyId, uses);
        return oldest + MINUTE - now;
      }
      uses.push(now);
      if (windows.size >= MOST_KEYS) windows.clear();
      windows.set(keyId, uses);
      return null;
    },
  };
}
