import type { IncomingMessage } from "node:http";
import { isInRange, readAddress, type IpRange } from "../policy/conditions/ip-range.ts";

/**
 * Whose word counts about where a call comes from: proxies in these ranges, or the one that connects, whoever it is
 * (`nearest`). Null: nobody's, there is no proxy.
 */
export type Proxies = readonly IpRange[] | "nearest" | null;

type Connected = Pick<IncomingMessage, "headers"> & {
  readonly socket: Pick<IncomingMessage["socket"], "remoteAddress">;
};

/**
 * Where a call comes from, or null when a proxy does not say so in a way that can be read: then nobody knows, and what
 * depends on it is refused. Each proxy puts whoever connected to it at the end of `x-forwarded-for`; what stands before
 * the last one that is trusted, callers may have written themselves, and it is not looked at.
 */
export function callerAddress({ headers, socket }: Connected, proxies: Proxies): string | null {
  const peer = socket.remoteAddress ?? null;
  if (proxies === null || peer === null) return peer;
  if (proxies !== "nearest" && !isAmong(proxies, peer)) return peer;
  const hops = [headers["x-forwarded-for"]].flat().join(",").split(",").toReversed();
  if (proxies === "nearest") return readHop(hops[0] ?? "");
  let farthest: string | null = null;
  for (const hop of hops) {
    farthest = readHop(hop);
    if (farthest === null || !isAmong(proxies, farthest)) break;
  }
  return farthest;
}

/** As proxies write it: an address, in brackets or not, perhaps with a port. */
const HOP = /^(?:\[([0-9a-f:.]+)\]|(\d+\.\d+\.\d+\.\d+)|([0-9a-f:.]+))$/i;
const PORT = /^(\[.*\]|[^:]*):\d{1,5}$/;

function readHop(text: string): string | null {
  const hop = text.trim();
  const [, bracketed, v4, plain] = HOP.exec(hop.replace(PORT, "$1")) ?? [];
  const address = bracketed ?? v4 ?? plain ?? "";
  return readAddress(address) ? address : null;
}

function isAmong(ranges: readonly IpRange[], address: string): boolean {
  const bytes = readAddress(address);
  return bytes !== null && ranges.some((range) => isInRange(range, bytes));
}
