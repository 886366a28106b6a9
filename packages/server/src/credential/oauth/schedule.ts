import type { Provider } from "@alter-vault/providers";

/**
 * When tokens are refreshed. Pure: the moment and the chance are handed in. A token in use is refreshed shortly before it
 * ends; one that is not used is left alone, unless it would die of it.
 */
export interface TokenTimes {
  readonly now: number;
  readonly tokenExpiresAt: number | null;
  readonly refreshExpiresAt: number | null;
  /** When this access token came. */
  readonly issuedAt: number;
  /** From 0 up to 1. */
  readonly random: number;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** A token that ends this soon is not given to a call any more: it might end on the way. */
const NOT_ANY_MORE_MS = 10_000;

/** `use`: good for a call. `ahead`: good, and worth renewing meanwhile. `expired`: not good. */
export function freshness({
  now,
  tokenExpiresAt,
  issuedAt,
  random,
}: Omit<TokenTimes, "refreshExpiresAt">): "use" | "ahead" | "expired" {
  if (tokenExpiresAt === null) return "use";
  const left = tokenExpiresAt - now;
  const lifetime = Math.max(0, tokenExpiresAt - issuedAt);
  if (left <= Math.min(NOT_ANY_MORE_MS, lifetime / 10)) return "expired";
  // Between five and ten per cent of its life, ten minutes at most: so that many callers do not all come at once.
  const ahead = Math.min(10 * MINUTE, lifetime * 0.1) * (0.5 + random / 2);
  return left <= ahead ? "ahead" : "use";
}

/** When the vault refreshes by itself, so that a grant nobody uses does not die; null: never. */
export function keepAliveAt(
  provider: Pick<Provider, "refresh">,
  { now, tokenExpiresAt, refreshExpiresAt, random }: TokenTimes,
): number | null {
  const { refresh } = provider;
  if (!refresh.supported) return null;
  const ends: number[] = [];
  if (refresh.idleSeconds !== null) ends.push(now + refresh.idleSeconds * 1000);
  if (refreshExpiresAt !== null) ends.push(refreshExpiresAt);
  // Where the access token itself is the proof, its end is the end of everything.
  if (refresh.with === "access_token" && tokenExpiresAt !== null) ends.push(tokenExpiresAt);
  if (ends.length === 0) return null;
  const left = Math.min(...ends) - now;
  const wait = left * (0.5 + random * 0.2);
  const soonest = (refresh.minAgeSeconds ?? 0) * 1000;
  return Math.round(now + Math.max(wait, soonest));
}

/** After the n-th failure in a row: from two seconds to a quarter of an hour, and never all at once. */
export function retryAt(now: number, failures: number, random: number): number {
  const wait = Math.min(15 * MINUTE, 2_000 * 2 ** Math.min(failures, 12));
  return Math.round(now + wait * (0.5 + random / 2));
}

/** A grant the provider calls dead is asked for once more, in case it was a mistake of the provider's. */
export function secondOpinionAt(now: number, failures: number): number | null {
  return failures === 0 ? now + 5 * MINUTE : failures < 3 ? now + DAY : null;
}
