/** Seconds of a duration: `30d`, `12h`, `5m`, `45s`, or a plain number of seconds. Null for anything else, and for none. */
export function parseSeconds(text: string): number | null {
  const match = /^(\d{1,9})([smhdw]?)$/.exec(text.trim());
  if (!match) return null;
  const [, amount = "", unit = ""] = match;
  const seconds = Number(amount) * (SECONDS[unit] ?? 1);
  return seconds > 0 ? seconds : null;
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };

/** A moment: an ISO date or time, or a duration, which means that long ago. Null for anything else. */
export function parseMoment(text: string, nowMs: number): string | null {
  const ago = /^\d+[smhdw]$/.test(text) ? parseSeconds(text) : null;
  if (ago !== null) return new Date(nowMs - ago * 1000).toISOString();
  if (!/^\d{4}-\d{2}-\d{2}(?:$|T)/.test(text)) return null;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : new Date(ms).toISOString();
}
