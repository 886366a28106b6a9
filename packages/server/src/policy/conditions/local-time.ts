/** A moment on the wall clock of a zone. */
export interface LocalTime {
  /** Since midnight. */
  readonly minute: number;
  /** 0 is Monday. */
  readonly weekday: number;
  /** `2026-11-25`. */
  readonly date: string;
  /** Of the day before. */
  readonly dateBefore: string;
}

const DAY_MS = 86_400_000;
/** No zone changes its offset but at a full quarter of an hour. */
const QUARTER_MS = 900_000;

/**
 * The wall clock of a zone. The runtime's own formatter takes many microseconds, so what it says of an offset is kept for
 * the quarter of an hour it is true for, and of that the last local minute.
 */
export function localClock(zone: string): LocalClock {
  const known = clocks.get(zone);
  if (known) return known;
  const clock = makeClock(zone);
  clocks.set(zone, clock);
  return clock;
}

type LocalClock = (nowMs: number) => LocalTime;

/** One for each zone that a rule names: making a formatter takes longer than deciding. */
const clocks = new Map<string, LocalClock>();

function makeClock(zone: string): LocalClock {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  let quarter = Number.NaN;
  let offsetMs = 0;
  let minute = Number.NaN;
  let local: LocalTime = { minute: 0, weekday: 0, date: "", dateBefore: "" };
  return (nowMs) => {
    const minuteNow = Math.floor(nowMs / 60_000);
    if (minuteNow === minute) return local;
    const quarterNow = Math.floor(nowMs / QUARTER_MS);
    if (quarterNow !== quarter) {
      offsetMs = offsetAt(format, quarterNow * QUARTER_MS);
      quarter = quarterNow;
    }
    minute = minuteNow;
    local = wallClock(nowMs + offsetMs);
    return local;
  };
}

function offsetAt(format: Intl.DateTimeFormat, ms: number): number {
  const parts = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]));
  const part = (name: string): number => Number(parts[name]);
  const wall = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
  return wall - ms;
}

function wallClock(localMs: number): LocalTime {
  const days = Math.floor(localMs / DAY_MS);
  return {
    minute: Math.floor((localMs - days * DAY_MS) / 60_000),
    // 1 January 1970 was a Thursday.
    weekday: (((days + 3) % 7) + 7) % 7,
    date: dateOf(days),
    dateBefore: dateOf(days - 1),
  };
}

function dateOf(days: number): string {
  return new Date(days * DAY_MS).toISOString().slice(0, 10);
}
