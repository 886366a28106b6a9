import ipaddr from "ipaddr.js";
import type { Failure } from "../call.ts";
import type { ApiKeyRecord } from "../store/store.ts";

/** What a key is bound to beside its scopes: addresses, and how often it may be used. */
export interface KeyRates {
  /** Counts one use. Null: there was room; else in how many milliseconds there is again. */
  take(keyId: string, perMinute: number, now: number): number | null;
  /** One use less: what was counted last was not the key's, but a copy of what it had sent before. */
  giveBack(keyId: string): void;
}

/** Codes: `key_address_not_allowed`, `rate_limited`. */
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

/** Whether it is an address or a range: what is neither would shut everybody out. */
export function isCidr(text: string): boolean {
  return text.includes("/") ? ipaddr.isValidCIDR(text) : ipaddr.isValid(text);
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
const MOST_KEYS = 10_000;

/** The times of the last uses of a key, as many as a minute may have; `next` is the oldest, and the next to go. */
interface Uses {
  readonly at: Float64Array;
  next: number;
}

/** Never more than so many within any minute, in the memory of this process. */
export function createKeyRates(): KeyRates {
  const windows = new Map<string, Uses>();

  function usesOf(keyId: string, perMinute: number): Uses {
    const known = windows.get(keyId);
    if (known?.at.length === perMinute) return known;
    if (windows.size >= MOST_KEYS) windows.clear();
    const uses = { at: new Float64Array(perMinute).fill(-Infinity), next: 0 };
    windows.set(keyId, uses);
    return uses;
  }

  return {
    take(keyId, perMinute, now) {
      const uses = usesOf(keyId, perMinute);
      const free = (uses.at[uses.next] ?? 0) + MINUTE;
      if (free > now) return free - now;
      uses.at[uses.next] = now;
      uses.next = (uses.next + 1) % perMinute;
      return null;
    },
    giveBack(keyId) {
      const uses = windows.get(keyId);
      if (!uses) return;
      uses.next = (uses.next + uses.at.length - 1) % uses.at.length;
      // What stood here before had run out, or it would not have been written over.
      uses.at[uses.next] = -Infinity;
    },
  };
}
