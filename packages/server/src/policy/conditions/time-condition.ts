import { WEEKDAYS, type TimeWindow } from "@alter-vault/protocol";
import { listed, type Condition } from "./condition.ts";
import { localClock, type LocalTime } from "./local-time.ts";

export type Holidays = Readonly<Record<string, readonly string[]>>;

/** A window with its times in minutes. */
export interface OpenWindow {
  readonly zone: string;
  readonly from: number;
  readonly to: number;
  /** Runs past midnight. */
  readonly overnight: boolean;
  /** By weekday, 0 being Monday. */
  readonly days: readonly boolean[];
  readonly closedOn: ReadonlySet<string>;
}

export function readWindow(window: TimeWindow, holidays: Holidays): OpenWindow {
  const [from, to] = [minutes(window.from), minutes(window.to)];
  return {
    zone: window.zone,
    from,
    to,
    overnight: to < from,
    days: WEEKDAYS.map((day) => window.days?.includes(day) ?? true),
    closedOn: new Set((window.except_holidays ?? []).flatMap((name) => holidays[name] ?? [])),
  };
}

export function timeCondition(windows: readonly TimeWindow[], holidays: Holidays): Condition {
  const read = windows.map((window) => {
    const clock = localClock(window.zone);
    const open = readWindow(window, holidays);
    return { clock, open };
  });
  return {
    name: "time",
    expected: listed(windows.map(describe)),
    test: ({ nowMs }) => read.some(({ clock, open }) => isWithin(open, clock(nowMs))),
    actual: ({ nowMs }) =>
      listed([
        ...new Set(
          read.map(({ clock, open }) => {
            const { weekday, date, minute } = clock(nowMs);
            return `${WEEKDAYS[weekday]} ${date} ${clockText(minute)} ${open.zone}`;
          }),
        ),
      ]),
  };
}

export function isWithin(window: OpenWindow, { minute, weekday, date, dateBefore }: LocalTime): boolean {
  const began = (day: number, on: string): boolean => window.days[day] === true && !window.closedOn.has(on);
  if (!window.overnight) return minute >= window.from && minute < window.to && began(weekday, date);
  if (minute >= window.from) return began(weekday, date);
  return minute < window.to && began((weekday + 6) % 7, dateBefore);
}

function describe({ zone, days, from, to, except_holidays }: TimeWindow): string {
  const closed = except_holidays ? ` except on ${listed(except_holidays)}` : "";
  return `${days ? `${days.join("/")} ` : ""}${from}-${to} ${zone}${closed}`;
}

function minutes(text: string): number {
  const [hour, minute] = text.split(":");
  return Number(hour) * 60 + Number(minute);
}

function clockText(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
}
