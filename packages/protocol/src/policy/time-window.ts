import { z } from "zod";

export const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

const timeOfDay = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$/, "is a time of day, like 09:00");

export const Holidays = z.record(z.string().regex(/^[a-z0-9][a-z0-9-]{0,99}$/), z.array(z.iso.date()).max(2000));

/**
 * A stretch of the local day. `from` belongs to it, `to` does not. With `to` before `from` it runs past midnight, and
 * `days` and holidays mean the day it began on. The wall clock counts: an hour that is skipped in spring does not come, one
 * that is repeated in autumn comes twice.
 */
export const TimeWindow = z
  .strictObject({
    /** An IANA name: `Europe/Berlin`. */
    zone: z.string().min(1).max(64).refine(isZone, "is no time zone of the IANA database").default("UTC"),
    days: z.array(z.enum(WEEKDAYS)).min(1).optional(),
    from: timeOfDay.default("00:00"),
    to: timeOfDay.default("24:00"),
    /** Names of the document's holiday lists; the window is closed on those days. */
    except_holidays: z.array(z.string().max(100)).max(20).optional(),
  })
  .refine(({ from, to }) => from !== to && from !== "24:00", { path: ["to"], message: "is the same moment as `from`" });
export type TimeWindow = z.infer<typeof TimeWindow>;

function isZone(name: string): boolean {
  // Offsets ("+02:00") are taken as zones by the runtime, but know no daylight saving.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions();
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
