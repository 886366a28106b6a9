import { createHash, timingSafeEqual } from "node:crypto";
import type { RandomBytes } from "../random.ts";

/** 256 bits. What the browser carries; the store knows only the hash. */
export function newToken(random: RandomBytes, prefix = ""): string {
  return prefix + random(32).toString("base64url");
}

export function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}

/** Compares in constant time. An empty hash belongs to nobody. */
export function isTokenOf(token: string, hash: string): boolean {
  const [ours, theirs] = [Buffer.from(hash), Buffer.from(hashToken(token))];
  return ours.length === theirs.length && timingSafeEqual(ours, theirs);
}
