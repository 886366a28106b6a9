import { setTimeout as wait } from "node:timers/promises";

/** Waits, or rejects when the signal aborts. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

export const sleepFor: Sleep = (ms, signal) => wait(ms, undefined, { signal });

const FIRST_BACKOFF_MS = 200;
const RETRIED: ReadonlySet<number> = new Set([429, 502, 503, 504]);

export function isRetriedStatus(status: number): boolean {
  return RETRIED.has(status);
}

/** Doubles with each retry; a random half of it spreads callers that failed together. */
export function backoffMs(retriesSoFar: number, random: () => number): number {
  return FIRST_BACKOFF_MS * 2 ** retriesSoFar * (0.5 + random() / 2);
}

/**
 * How long a provider asks to wait, null when it does not say, Infinity when what it says cannot be read. A date is
 * taken against the provider's own clock, the Date header: it is the one the date was made with.
 */
export function retryAfterMs(headers: Readonly<Record<string, string | string[] | undefined>>): number | null {
  const value = headers["retry-after"];
  if (value === undefined) return null;
  if (typeof value !== "string") return Infinity;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const pause = Date.parse(value) - Date.parse(String(headers["date"]));
  return Number.isNaN(pause) ? Infinity : Math.max(0, pause);
}

/** What a provider calls its headers about limits. */
export interface LimitHeaders {
  readonly remaining?: string | undefined;
  readonly reset?: string | undefined;
  readonly resetFormat?: "unix" | "seconds" | "iso" | undefined;
}

/** How long until there is room again for a provider that says that there is none; null: it does not plainly say so. */
export function resetMs(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  { remaining, reset, resetFormat }: LimitHeaders,
): number | null {
  if (!remaining || !reset || headers[remaining.toLowerCase()] !== "0") return null;
  const value = headers[reset.toLowerCase()];
  if (typeof value !== "string") return null;
  const at = { unix: Number(value) * 1000, seconds: Number(value) * 1000, iso: Date.parse(value) }[
    resetFormat ?? "unix"
  ];
  const pause = resetFormat === "seconds" ? at : at - Date.parse(String(headers["date"]));
  return Number.isFinite(pause) ? Math.max(0, pause) : null;
}
