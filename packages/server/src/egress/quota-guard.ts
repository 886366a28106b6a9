import { resetMs, retryAfterMs, type LimitHeaders } from "./retry.ts";

/**
 * What providers said about waiting. Many agents use one grant: when one of them hears "too many, come back in 3 seconds",
 * the others wait, too, instead of tripping over it one after the other, and then go on a little apart.
 */
export interface QuotaGuard {
  /** How long a call of this quota must wait; 0: it may go. Each that asks while others wait gets a later turn. */
  waitMs(key: string, now: number): number;
  /** An answer of the provider, to whatever call of the quota. */
  heard(key: string, status: number, headers: Headers, now: number, named?: LimitHeaders): void;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

interface Held {
  readonly until: number;
  waiting: number;
}

/** Some say "too many" as 403, and when to come back only in headers of their own, which the catalogue names. */
function pauseOf(status: number, headers: Headers, named: LimitHeaders | undefined): number | null {
  const asked = status === 429 || status === 503 ? retryAfterMs(headers) : null;
  if (asked !== null || (status !== 429 && status !== 403)) return asked;
  return named ? resetMs(headers, named) : null;
}

/** Between those that have waited. */
const APART_MS = 20;
/** A provider that asks for more is not believed for longer. */
const LONGEST_MS = 3_600_000;
const MOST_KEYS = 10_000;

export function createQuotaGuard(): QuotaGuard {
  const held = new Map<string, Held>();
  return {
    waitMs(key, now) {
      const hold = held.get(key);
      if (!hold) return 0;
      if (hold.until <= now) {
        held.delete(key);
        return 0;
      }
      return hold.until - now + APART_MS * hold.waiting++;
    },
    heard(key, status, headers, now, named) {
      const pause = pauseOf(status, headers, named);
      if (pause === null || pause === Infinity || pause === 0) return;
      const until = now + Math.min(pause, LONGEST_MS);
      const known = held.get(key);
      if (known && known.until >= until) return;
      if (held.size >= MOST_KEYS) held.clear();
      held.set(key, { until, waiting: 0 });
    },
  };
}
